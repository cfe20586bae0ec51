"""The archive of PostgreSQL's log: what a restore to a moment is made of."""

from typing import Any

from central_config.core.json import JSON
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.probes.looking import age_text
from central_config.playbooks.service.world import World
from central_config.playbooks.store import questions

_TOO_LONG_AGO = 7200.0  # seconds


async def probe(world: World) -> list[Finding]:
    """Ask PostgreSQL how archiving goes."""
    return [judge((await world.rows(questions.ARCHIVER))[0])]


def judge(row: dict[str, Any]) -> Finding:
    """Return what the figures of the archiver mean."""
    facts: dict[str, JSON] = {name: row[name] for name in row if row[name] is not None}
    if row["mode"] == "off":
        said = "archive_mode is off: a restore ends at the last whole backup"
        return Finding("database.archiver", Status.SKIPPED, said, facts)
    if row["failing"]:
        said = (
            f"archiving fails, last {age_text(row['failed_ago'])} ago at {row['last_failed_wal']} "
            f"({row['failed_count']} failures)"
        )
        return Finding("database.archiver", Status.BAD, said, facts)
    if row["archived_ago"] is None:
        said = "nothing was archived yet"
        return Finding("database.archiver", Status.UNKNOWN, said, facts)
    said = f"{row['last_archived_wal']} was archived {age_text(row['archived_ago'])} ago"
    late = row["archived_ago"] > _TOO_LONG_AGO
    return Finding("database.archiver", Status.WARNING if late else Status.OK, said, facts)
