"""`central-config ai`: is the AI engine fit to be asked?"""

import asyncio
import sys
from typing import Annotated, Literal

import msgspec
from cyclopts import App, Parameter

from central_config.assistant.service.embeddings import examine_embeddings
from central_config.assistant.service.engine.doctor import Probe, examine
from central_config.assistant.service.engine.ollama import OllamaEngine
from central_config.core.logging import configure_logging
from central_config.core.settings import Settings, get_settings

WELL, NOT_WELL, REFUSED, UNKNOWN = 0, 1, 2, 3

app = App(name="ai", help="The AI engine: doctor.", help_format="markdown")


@app.command
def doctor(
    *,
    output: Annotated[Literal["table", "json"], Parameter(name=("--output", "-o"))] = "table",
) -> int:
    """Examine the AI engine: reachable, with its model, warm, answering in the form asked for.

    It is asked one question, so its model is loaded afterwards. If AI_EMBEDDINGS names word
    vectors, they are read; the engine is fit without them, too. Exit code 0: fit; 1: not fit;
    2: AI_ENABLED is false, nobody uses it; 3: it was too busy to tell.

    Args:
        output: table, or json.
    """
    settings = get_settings()
    configure_logging(settings.model_copy(update={"log_level": "ERROR"}), stream=sys.stderr)
    if not settings.ai_enabled:
        found = [Probe("enabled", "skipped", "AI_ENABLED is false: nobody uses it")]
    else:
        found = asyncio.run(_examined(settings))
        if settings.ai_embeddings is not None:
            found.append(examine_embeddings(settings.ai_embeddings))
    code = _code(found)
    if output == "json":
        text = msgspec.json.format(msgspec.json.encode({"exit": code, "findings": found}), indent=2)
        sys.stdout.write(text.decode() + "\n")
        return code
    for each in found:
        sys.stdout.write(f"{each.status:<8} {each.check:<10} {each.summary}\n")
    return code


async def _examined(settings: Settings) -> list[Probe]:
    engine = OllamaEngine.of(settings)
    try:
        return [each async for each in examine(engine)]
    finally:
        await engine.close()


def _code(found: list[Probe]) -> int:
    statuses = {each.status for each in found}
    if "bad" in statuses:
        return NOT_WELL
    if "unknown" in statuses:
        return UNKNOWN
    return REFUSED if "skipped" in statuses else WELL
