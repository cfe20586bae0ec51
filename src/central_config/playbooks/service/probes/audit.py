"""The audit log: when was it last verified, and did it hold?"""

from central_config.core.json import JSON
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.probes.looking import age_text, level
from central_config.playbooks.service.probes.metrics import scrape
from central_config.playbooks.service.world import World

_WEEK = 8 * 86_400.0
_MONTH = 31 * 86_400.0


async def probe(world: World) -> list[Finding]:
    """Ask what the API measures; verifying itself takes minutes for a long log."""
    if not world.settings.metrics_port:
        return [Finding("audit.chain", Status.SKIPPED, "METRICS_PORT is 0: nobody measures it")]
    try:
        found = await scrape(world)
    except UnreachableError as error:
        return [Finding("audit.chain", Status.UNKNOWN, f"the metrics do not answer: {error}")]
    intact = found.one("central_config_audit_chain_intact")
    age = found.one("central_config_audit_chain_check_age_seconds")
    if intact is None or age is None or age == float("inf") or age != age:  # noqa: PLR0124 - NaN
        said = "the audit log was never verified: `ccfg audit verify`"
        return [Finding("audit.chain", Status.UNKNOWN, said)]
    facts: dict[str, JSON] = {"intact": bool(intact), "age_seconds": age}
    if not intact:
        said = f"the audit log did not hold when it was verified {age_text(age)} ago"
        return [Finding("audit.chain", Status.BAD, said, facts)]
    said = f"the audit log held when it was verified {age_text(age)} ago"
    return [Finding("audit.chain", level(age, _WEEK, _MONTH), said, facts)]
