"""The AI engine. Whatever is wrong with it, configuration is served all the same."""

from typing import Any, cast

from central_config.core.json import JSON, decode
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.world import World

_OK = 200


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
