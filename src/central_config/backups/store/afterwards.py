"""SQL of what a restored database needs before anybody may use it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from central_config.backups.model.runs import Run
from central_config.backups.store import catalogue
from central_config.core.db import Connection

_WORKSPACES = text("SELECT id, slug, revision, deleted_at FROM cc_workspace ORDER BY slug, id")
_KEYS = text("SELECT workspace_id, wrapped, created_at FROM cc_data_key")
_REVOKED = text("SELECT id, revoked_at FROM api_keys WHERE revoked_at IS NOT NULL")
_ENDING = text("SELECT id, expires_at FROM api_keys WHERE expires_at IS NOT NULL")
_INACTIVE = text("SELECT id FROM cc_user WHERE NOT active")
_TABLE = text("SELECT to_regclass(:name) IS NOT NULL")

_KEEP_KEY = text("""
    INSERT INTO cc_data_key (workspace_id, wrapped, created_at)
    SELECT :workspace_id, :wrapped, :created_at
    WHERE EXISTS (SELECT FROM cc_workspace WHERE id = :workspace_id)
    ON CONFLICT DO NOTHING
""")
_REVOKE = text("""
    UPDATE api_keys AS k SET revoked_at = given.revoked_at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS given (id, revoked_at)
    WHERE k.id = given.id AND k.revoked_at IS NULL RETURNING k.name
""")
# A key that was given an end, or an earlier one, has it.
_END = text("""
    UPDATE api_keys AS k SET expires_at = least(k.expires_at, given.expires_at)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS given (id, expires_at)
    WHERE k.id = given.id
""")
_DEACTIVATE = text("""
    UPDATE cc_user SET active = false WHERE id = ANY(CAST(:ids AS uuid[])) AND active
    RETURNING username
""")
_END_SESSIONS = text("DELETE FROM cc_session")
_CANCEL_JOBS = text("""
    UPDATE cc_job SET status = 'cancelled', finished_at = now(), error = :words
    WHERE status IN ('queued', 'running')
""")
# Messages of that time would be sent again, or far too late.
_GIVE_UP_MESSAGES = text("""
    UPDATE cc_notification SET status = 'failed', error = :words WHERE status = 'queued'
""")
# What an incident's age makes due by now counts as told; what becomes due later is told, so that
# one that goes on is not forgotten. `!unacknowledged` is the reminder of the response time.
_COUNT_AS_TOLD = text("""
    INSERT INTO cc_escalation_notice (incident_id, role, at)
    SELECT i.id, s.role, now() FROM cc_incident AS i
    CROSS JOIN (SELECT role, after_minutes FROM cc_escalation_step
                UNION ALL SELECT '!unacknowledged', 0) AS s
    WHERE i.status <> 'resolved'
      AND i.opened_at + make_interval(mins => s.after_minutes) <= now()
    ON CONFLICT DO NOTHING
""")
_TELL_INCIDENTS = text("""
    INSERT INTO cc_incident_entry (incident_id, at, actor_kind, actor_name, kind, text)
    SELECT id, now(), 'system', 'system', 'note', :words FROM cc_incident
    WHERE status <> 'resolved'
""")
_INCIDENT_WORDS = (
    "the database was restored to an earlier moment: whether this still goes on is not known; "
    "nobody is told again of what was due by now. Resolve it if it is over"
)

# The last one written of each workspace.
_SEALED = text("""
    SELECT DISTINCT ON (workspace_id) workspace_id, environment_id, key, sealed
    FROM cc_configuration WHERE sealed IS NOT NULL
    ORDER BY workspace_id, revision DESC LIMIT :limit
""")


class Sealed(NamedTuple):
    """A secret as it is stored, and its place."""

    workspace_id: UUID
    environment_id: UUID
    key: str
    sealed: bytes


class Known(NamedTuple):
    """A workspace as a database knows it."""

    slug: str
    revision: int
    deleted: bool


class Later(NamedTuple):
    """What the database that is replaced knows and the restored one must not forget."""

    revisions: Mapping[UUID, int]
    keys: Sequence[Mapping[str, Any]]
    revoked: Mapping[UUID, datetime]
    ending: Mapping[UUID, datetime]
    inactive: Sequence[UUID]
    runs: Sequence[Run]


async def workspaces(connection: Connection) -> dict[UUID, Known]:
    """Return every workspace, deleted ones too."""
    rows = await connection.execute(_WORKSPACES)
    return {row.id: Known(row.slug, row.revision, row.deleted_at is not None) for row in rows}


async def some_sealed(connection: Connection, limit: int) -> list[Sealed]:
    """Return one secret of each workspace that has any."""
    return [Sealed(*row) for row in await connection.execute(_SEALED, {"limit": limit})]


async def later(connection: Connection, runs_at_most: int) -> Later:
    """Return what must not be forgotten."""
    known = await workspaces(connection)
    keys = (await connection.execute(_KEYS)).mappings()
    revoked = await connection.execute(_REVOKED)
    ending = await connection.execute(_ENDING)
    has_runs = await _has(connection, "cc_backup_run")
    return Later(
        {each: found.revision for each, found in known.items()},
        [dict(row) for row in keys],
        {row.id: row.revoked_at for row in revoked},
        {row.id: row.expires_at for row in ending},
        [row.id for row in await connection.execute(_INACTIVE)],
        await catalogue.page(connection, runs_at_most) if has_runs else [],
    )


async def carry_over(connection: Connection, found: Later) -> tuple[list[str], list[str]]:
    """Keep revoked what was revoked since; return the names of keys and users concerned."""
    for key in found.keys:
        await connection.execute(_KEEP_KEY, dict(key))
    times = {"ids": list(found.revoked), "times": list(found.revoked.values())}
    keys = [row.name for row in await connection.execute(_REVOKE, times)]
    ends = {"ids": list(found.ending), "times": list(found.ending.values())}
    await connection.execute(_END, ends)
    users = await connection.execute(_DEACTIVATE, {"ids": list(found.inactive)})
    await catalogue.adopt(connection, found.runs)
    return sorted(keys), sorted(row.username for row in users)


async def settle(connection: Connection, words: str) -> None:
    """End every sign-in of that time, and every job and message that had not ended.

    Open incidents do not escalate for the time that has passed since.
    """
    await connection.execute(_END_SESSIONS)
    await connection.execute(_CANCEL_JOBS, {"words": words})
    if await _has(connection, "cc_notification"):
        await connection.execute(_GIVE_UP_MESSAGES, {"words": words})
    if await _has(connection, "cc_incident"):
        await connection.execute(_COUNT_AS_TOLD)
        await connection.execute(_TELL_INCIDENTS, {"words": _INCIDENT_WORDS})


async def _has(connection: Connection, table: str) -> bool:
    """Tell whether a database of an earlier version has the table already."""
    return (await connection.execute(_TABLE, {"name": table})).scalar_one()
