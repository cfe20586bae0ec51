"""SQL of what was done with backups."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec.structs import asdict
from sqlalchemy import RowMapping, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from central_config.backups.model.runs import LastTimes, Run
from central_config.backups.tables import cc_backup_run
from central_config.core.db import Connection
from central_config.core.json import as_object, decode, encode

# A backup is as old as the moment it shows, a drill as its end.
_LAST = text("""
    SELECT max(started_at) FILTER (WHERE action = 'create' AND kind <> 'configuration') AS database,
           max(started_at) FILTER (WHERE action = 'create' AND kind = 'configuration')
               AS configuration,
           max(finished_at) FILTER (WHERE action = 'drill') AS drill
    FROM cc_backup_run WHERE outcome = 'done'
""")


async def append(connection: Connection, run: Run) -> None:
    """Write down a run."""
    await connection.execute(insert(cc_backup_run).values(_row(run)))


async def adopt(connection: Connection, runs: Sequence[Run]) -> None:
    """Write down runs of another database, those that are not known here."""
    if runs:
        statement = upsert(cc_backup_run).values([_row(each) for each in runs])
        await connection.execute(statement.on_conflict_do_nothing())


async def page(connection: Connection, limit: int, before: UUID | None = None) -> list[Run]:
    """Return runs, the last first; ids sort by the time they were made."""
    table = cc_backup_run.c
    query = select(cc_backup_run).order_by(table.id.desc()).limit(limit)
    if before is not None:
        query = query.where(table.id < before)
    rows = (await connection.execute(query)).mappings()
    return [_run(row) for row in rows]


async def last_times(connection: Connection) -> LastTimes:
    """Return when there was a good backup and a good drill last."""
    row = (await connection.execute(_LAST)).one()
    return LastTimes(database=row.database, configuration=row.configuration, drill=row.drill)


def _run(row: RowMapping) -> Run:
    values: dict[str, Any] = dict(row)
    values["detail"] = as_object(decode(row["detail"]))
    return Run(**values)


def _row(run: Run) -> dict[str, object]:
    return {**asdict(run), "detail": encode(run.detail).decode()}
