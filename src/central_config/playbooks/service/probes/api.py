"""Does the API of this machine live, and should it get requests?"""

import msgspec

from central_config.core.json import JSON, decode
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.world import Answer, World

_OK = 200


class _Check(msgspec.Struct):
    ok: bool
    detail: str


class _Health(msgspec.Struct):
    version: str
    checks: dict[str, _Check]


async def probe(world: World) -> list[Finding]:
    """Ask whether it is alive; only a process that is can tell whether it is ready."""
    try:
        live = await world.http(world.api_url("/health/live"))
    except UnreachableError as error:
        return [Finding("api.live", Status.BAD, f"the API does not answer: {error}")]
    if live.status != _OK:
        said = f"the API answers {live.status} to /health/live; is that ours?"
        return [Finding("api.live", Status.BAD, said, {"status": live.status})]
    alive = Finding("api.live", Status.OK, "the API answers")
    try:
        return [alive, *_ready(await world.http(world.api_url("/health")))]
    except UnreachableError as error:
        return [alive, Finding("api.ready", Status.BAD, f"it does not say how it is: {error}")]


def _ready(answer: Answer) -> list[Finding]:
    try:
        health = msgspec.convert(decode(answer.text), _Health)
    except ValueError:
        said = f"/health answers {answer.status} with something that is not ours"
        return [Finding("api.ready", Status.BAD, said, {"status": answer.status})]
    failed = [f"{name}: {each.detail}" for name, each in health.checks.items() if not each.ok]
    shown = "; ".join(f"{name} {each.detail}" for name, each in health.checks.items())
    facts: dict[str, JSON] = {"status": answer.status, "version": health.version}
    if failed or answer.status != _OK:
        said = "it is not ready: " + ("; ".join(failed) or str(answer.status))
        return [Finding("api.ready", Status.BAD, said, {**facts, "failed": [*failed]})]
    return [Finding("api.ready", Status.OK, f"it is ready ({shown})", facts)]
