"""SQL of what runs regularly: the plan, and when each part of it was last enqueued.

Kept in PostgreSQL, so that a restart does not begin the plan from the start. `enabled` is the
operator's: a declaration never sets it.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from central_config.core.db import Connection
from central_config.core.jobs import store
from central_config.core.jobs.model import Schedule
from central_config.core.json import as_object, decode, encode

_DECLARE = text("""
    INSERT INTO cc_schedule (name, kind, arguments, every_seconds)
    VALUES (:name, :kind, :arguments, :every_seconds)
    ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, arguments = excluded.arguments,
        every_seconds = excluded.every_seconds
""")
_FORGET_OTHERS = text("DELETE FROM cc_schedule WHERE name <> ALL(CAST(:names AS text[]))")
_DUE = text("""
    UPDATE cc_schedule SET last_enqueued_at = now()
    WHERE enabled AND (last_enqueued_at IS NULL
        OR last_enqueued_at + make_interval(secs => every_seconds) <= now())
    RETURNING name, kind, arguments
""")


async def declare(connection: Connection, plan: Sequence[Schedule]) -> None:
    """Make the plan what this version of the program says it is."""
    await connection.execute(_FORGET_OTHERS, {"names": [each.name for each in plan]})
    for each in plan:
        values = {
            "name": each.name,
            "kind": each.kind,
            "arguments": encode(dict(each.arguments)).decode(),
            "every_seconds": each.every_seconds,
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
