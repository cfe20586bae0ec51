"""SQL of reports."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, and_, delete, insert, select

from central_config.core.db import Connection
from central_config.core.json import encode
from central_config.operations.model.reports import Report, Section, Status
from central_config.operations.tables import cc_report

_sections = msgspec.json.Decoder(list[Section]).decode


async def add(connection: Connection, report: Report) -> None:
    """Insert a report."""
    values = {
        **{name: getattr(report, name) for name in ("id", "kind", "started_at", "finished_at")},
        "status": report.status.value,
        "sections": encode(report.sections).decode(),
    }
    await connection.execute(insert(cc_report).values(values))


async def find(connection: Connection, report_id: UUID) -> Report | None:
    """Return a report."""
    query = select(cc_report).where(cc_report.c.id == report_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _report(row)


async def last(connection: Connection, kind: str) -> Report | None:
    """Return the last report of a kind."""
    found = await page(connection, {"kind": kind}, None, 1)
    return found[0] if found else None


async def page(
    connection: Connection, conditions: Mapping[str, str], before: UUID | None, limit: int
) -> Sequence[Report]:
    """Return reports, newest first, whose columns have the values of the conditions."""
    clauses = [cc_report.c[name] == value for name, value in conditions.items()]
    if before is not None:
        clauses.append(cc_report.c.id < before)
    query = (
        select(cc_report).where(and_(True, *clauses)).order_by(cc_report.c.id.desc()).limit(limit)
    )
    return [_report(row) for row in (await connection.execute(query)).mappings()]


async def purge(connection: Connection, before: datetime) -> int:
    """Delete reports that were finished before; return how many."""
    done = await connection.execute(delete(cc_report).where(cc_report.c.finished_at < before))
    return done.rowcount


def _report(row: RowMapping) -> Report:
    return Report(
        row["id"],
        row["kind"],
        row["started_at"],
        row["finished_at"],
        Status(row["status"]),
        _sections(row["sections"]),
    )
