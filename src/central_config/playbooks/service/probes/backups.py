"""Backups: how old is the newest of each kind, and was one restored lately?"""

from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.probes.looking import age_text, level
from central_config.playbooks.service.probes.metrics import scrape
from central_config.playbooks.service.scrape import Scrape
from central_config.playbooks.service.world import World

_DAY = 86_400.0


async def probe(world: World) -> list[Finding]:
    """Ask what the API measures."""
    if world.settings.backup_repository is None:
        said = (
            "BACKUP_REPOSITORY is not set: there are no backups, unless something else makes them"
        )
        return [Finding("backups.configured", Status.WARNING, said)]
    configured = Finding("backups.configured", Status.OK, "backups have a repository")
    if not world.settings.metrics_port:
        skipped = "METRICS_PORT is 0: nobody measures them"
        return [configured, Finding("backups.age", Status.SKIPPED, skipped)]
    try:
        found = await scrape(world)
    except UnreachableError as error:
        said = f"the metrics do not answer: {error}"
        return [configured, Finding("backups.age", Status.UNKNOWN, said)]
    return [configured, _age(found), _drill(found)]


def _known(found: Scrape, name: str) -> float | None:
    age = found.highest(name)
    return None if age is None or age == float("inf") or age != age else age  # noqa: PLR0124 - NaN


def _age(found: Scrape) -> Finding:
    age = _known(found, "central_config_backup_age_seconds")
    if age is None:
        said = "no backup was made, or nobody knows: `central-config backup list`"
        return Finding("backups.age", Status.BAD, said)
    status = level(age, 1.1 * _DAY, 3 * _DAY)
    said = f"the oldest of the newest backups is {age_text(age)} old"
    return Finding("backups.age", status, said, {"age_seconds": age})


def _drill(found: Scrape) -> Finding:
    age = _known(found, "central_config_restore_drill_age_seconds")
    if age is None:
        said = "no backup was ever restored: it counts as no backup until then"
        return Finding("backups.drill", Status.WARNING, said)
    status = level(age, 35 * _DAY, 100 * _DAY)
    said = f"a backup was last restored {age_text(age)} ago"
    return Finding("backups.drill", status, said, {"age_seconds": age})
