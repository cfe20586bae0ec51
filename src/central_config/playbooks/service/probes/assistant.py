"""The AI engine. Whatever is wrong with it, configuration is served all the same."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from central_config.assistant.service.engine.doctor import Probe, examine
from central_config.assistant.service.engine.ollama import OllamaEngine
from central_config.core.json import JSON, decode
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.world import World

ANSWER = "assistant.answer"
_OK = 200
_STATUSES = {"ok": Status.OK, "warning": Status.WARNING, "bad": Status.BAD}


async def probe(world: World) -> list[Finding]:
    """Ask for its version and for its models."""
    settings = world.settings
    if not settings.ai_enabled:
        return [Finding("assistant", Status.SKIPPED, "AI_ENABLED is false: nobody uses it")]
    base = settings.ollama_base_url.rstrip("/")
    try:
        version = await _asked(world, f"{base}/api/version")
        listed = await _asked(world, f"{base}/api/tags")
    except UnreachableError as error:
        said = f"the AI engine does not answer: {error}"
        return [Finding("assistant.reachable", Status.BAD, said, {"url": base})]
    said = f"the AI engine answers, version {version.get('version', 'unknown')}"
    return [
        Finding("assistant.reachable", Status.OK, said, {"url": base}),
        judge_model(settings.ai_model, _names(listed)),
    ]


async def answering(world: World) -> list[Finding]:
    """Ask it a question: an engine that lists its models may still fail at every answer."""
    settings = world.settings
    if not settings.ai_enabled:
        return []
    # In a thread: its client takes its time to be imported, and others are looked at meanwhile.
    engine = await asyncio.to_thread(OllamaEngine.of, settings)
    patience = 2 * world.patience
    found: dict[str, Probe] = {}
    try:
        async with asyncio.timeout(patience):
            async for each in examine(engine):
                found[each.check] = each
    except TimeoutError:
        return [_silent(found, patience)]
    finally:
        await engine.close()
    answer = found.get("answer")
    if answer is None:  # not reached, or without its model: others say so
        return []
    return [Finding(ANSWER, _STATUSES.get(answer.status, Status.UNKNOWN), answer.summary)]


def _silent(found: Mapping[str, Probe], patience: float) -> Finding:
    """Say that no answer came: from a model in memory it should have, another is being loaded."""
    said = f"no answer within {patience:.0f} s"
    if "warm" in found and found["warm"].status == "ok":
        return Finding(ANSWER, Status.BAD, f"{said}, though the model is in memory")
    return Finding(ANSWER, Status.UNKNOWN, f"{said}: the model may be being loaded; ask again")


async def _asked(world: World, url: str) -> dict[str, Any]:
    answer = await world.http(url)
    if answer.status != _OK:
        raise UnreachableError(f"{url} answers {answer.status}")
    try:
        found = decode(answer.text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UnreachableError(f"{url} answers something that is not Ollama's")
    return found


def _names(listed: dict[str, Any]) -> list[str]:
    models = cast("list[dict[str, Any]]", listed.get("models") or [])
    return [str(each.get("name", "")) for each in models]


def judge_model(wanted: str, names: list[str]) -> Finding:
    """Say whether the model is among those the engine has."""
    # Ollama's own rule: a name without a tag means `latest`.
    full = wanted if ":" in wanted else f"{wanted}:latest"
    facts: dict[str, JSON] = {"model": wanted, "present": [*names]}
    if full in names:
        return Finding("assistant.model", Status.OK, f"it has the model {wanted}", facts)
    said = f"it does not have the model {wanted} (it has: {', '.join(names) or 'none'})"
    return Finding("assistant.model", Status.BAD, said, facts)
