"""SQL of what runs regularly: the plan, and when each part of it was last enqueued.

Kept in PostgreSQL, so that a restart does not begin the plan from the start. `enabled` is the
operator's: a declaration never sets it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, select, text, update

from central_config.core.db import Connection
from central_config.core.jobs import store
from central_config.core.jobs.model import Schedule
from central_config.core.jobs.tables import cc_schedule
from central_config.core.json import JSON, as_object, decode, encode

_DECLARE = text("""
    INSERT INTO cc_schedule (name, kind, arguments, every_seconds, not_before)
    VALUES (:name, :kind, :arguments, :every_seconds,
            now() + make_interval(secs => CAST(:first_after AS integer)))
    ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, arguments = excluded.arguments,
        every_seconds = excluded.every_seconds
""")
_FORGET_OTHERS = text("DELETE FROM cc_schedule WHERE name <> ALL(CAST(:names AS text[]))")
_DUE = text("""
    UPDATE cc_schedule SET last_enqueued_at = now()
    WHERE enabled AND (not_before IS NULL OR not_before <= now()) AND (last_enqueued_at IS NULL
        OR last_enqueued_at + make_interval(secs => every_seconds) <= now())
    RETURNING name, kind, arguments
""")


class Planned(NamedTuple):
    """A part of the plan as it stands.

    `last_enqueued_at`: None before the first time, which comes at `not_before`.
    """

    name: str
    kind: str
    arguments: dict[str, JSON]
    every_seconds: int
    last_enqueued_at: datetime | None
    not_before: datetime | None
    enabled: bool


async def declare(connection: Connection, plan: Sequence[Schedule]) -> None:
    """Make the plan what this version of the program says it is."""
    await connection.execute(_FORGET_OTHERS, {"names": [each.name for each in plan]})
    for each in plan:
        values = {
            "name": each.name,
            "kind": each.kind,
            "arguments": encode(dict(each.arguments)).decode(),
            "every_seconds": each.every_seconds,
            "first_after": each.first_after,
        }
        await connection.execute(_DECLARE, values)


async def enqueue_due(connection: Connection) -> list[UUID]:
    """Enqueue what is due, once however often it was missed; return the ids of the jobs."""
    rows = (await connection.execute(_DUE)).all()
    return [
        await store.enqueue(
            connection, row.kind, as_object(decode(row.arguments)), dedupe_key=row.name
        )
        for row in rows
    ]


async def everything(connection: Connection) -> list[Planned]:
    """Return the whole plan, by name."""
    rows = await connection.execute(select(cc_schedule).order_by(cc_schedule.c.name))
    return [_planned(row) for row in rows]


async def find(connection: Connection, name: str) -> Planned | None:
    """Return a part of the plan."""
    query = select(cc_schedule).where(cc_schedule.c.name == name)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _planned(row)


async def switch(connection: Connection, name: str, *, enabled: bool) -> None:
    """Have a part of the plan enqueued when it is due, or not any more."""
    query = update(cc_schedule).where(cc_schedule.c.name == name).values(enabled=enabled)
    await connection.execute(query)


def _planned(row: Row[tuple[object, ...]]) -> Planned:
    values: dict[str, Any] = {name: getattr(row, name) for name in Planned._fields}
    values["arguments"] = as_object(decode(values["arguments"]))
    return Planned(**values)
