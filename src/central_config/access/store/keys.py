"""SQL of API keys."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text

from central_config.access.model import ApiKey, KeyScope
from central_config.core.db import Connection

_SELECT = """
    SELECT k.id, k.name, k.prefix, k.workspace_id, k.environments, k.key_prefix, k.access,
           k.secrets, u.username AS created_by, k.created_at, k.expires_at, k.revoked_at,
           k.last_used, k.usage_count, before.old_id AS successor_of, after.new_id AS successor
    FROM api_keys k LEFT JOIN cc_user u ON u.id = k.created_by
    LEFT JOIN cc_key_rotation before ON before.new_id = k.id
    LEFT JOIN cc_key_rotation after ON after.old_id = k.id
"""
_BY_ID = text(f"{_SELECT} WHERE k.id = :id")
_BY_IDS = text(f"{_SELECT} WHERE k.id = ANY(CAST(:ids AS uuid[]))")
_LOCK = text("SELECT id FROM api_keys WHERE id = :id FOR UPDATE")
# Identifiers sort by time, so the newest comes first.
_PAGE = text(f"""
    {_SELECT}
    WHERE (CAST(:places AS uuid[]) IS NULL OR k.workspace_id = ANY(CAST(:places AS uuid[])))
      AND (CAST(:after AS uuid) IS NULL OR k.id < CAST(:after AS uuid))
      AND (CAST(:before AS timestamptz) IS NULL OR k.created_at < CAST(:before AS timestamptz))
    ORDER BY k.id DESC LIMIT :limit
""")
_INSERT = text("""
    INSERT INTO api_keys (id, name, prefix, key_hash, workspace_id, environments, key_prefix,
                          access, secrets, created_by, created_at, expires_at)
    VALUES (:id, :name, :prefix, :key_hash, :workspace_id, CAST(:environments AS text[]),
            :key_prefix, :access, :secrets, :created_by, :created_at, :expires_at)
""")
_REVOKE = text("""
    UPDATE api_keys SET revoked_at = :moment WHERE id = :id AND revoked_at IS NULL RETURNING id
""")
_LOCK_USED = text("""
    SELECT id FROM api_keys WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
""")
_ADD_USAGE = text("""
    UPDATE api_keys AS k
    SET usage_count = k.usage_count + used.count, last_used = greatest(k.last_used, used.moment)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:counts AS bigint[]), CAST(:moments AS timestamptz[]))
         AS used (id, count, moment)
    WHERE k.id = used.id
""")


class Usage(NamedTuple):
    """How often a key was used since the last count, and when last."""

    times: int
    moment: datetime


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scope=scope(row),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used=row.last_used,
        usage_count=row.usage_count,
        successor_of=row.successor_of,
        successor=row.successor,
    )


def scope(row: Row[Any]) -> KeyScope:
    """Return the scope that a row of `api_keys` holds."""
    return KeyScope(
        workspace_id=row.workspace_id,
        environments=None if row.environments is None else frozenset(row.environments),
        key_prefix=row.key_prefix,
        access=row.access,
        secrets=row.secrets,
    )


async def find(connection: Connection, key_id: UUID, *, lock: bool = False) -> ApiKey | None:
    """Return a key, revoked ones included; with `lock`, held until the transaction ends."""
    if lock:
        await connection.execute(_LOCK, {"id": key_id})
    row = (await connection.execute(_BY_ID, {"id": key_id})).one_or_none()
    return None if row is None else _key(row)


async def page(
    connection: Connection,
    places: Collection[UUID] | None,
    after: UUID | None,
    limit: int,
    *,
    before: datetime | None = None,
) -> list[ApiKey]:
    """Return keys of the workspaces (None: of all), newest first, older than `after`.

    `before`: only those created before that moment.
    """
    values = {
        "places": None if places is None else list(places),
        "after": after,
        "limit": limit,
        "before": before,
    }
    return [_key(row) for row in await connection.execute(_PAGE, values)]


async def several(connection: Connection, ids: Collection[UUID]) -> list[ApiKey]:
    """Return those of the keys that there are."""
    return [_key(row) for row in await connection.execute(_BY_IDS, {"ids": list(ids)})]


async def insert(
    connection: Connection, key: ApiKey, key_hash: bytes, created_by: UUID | None
) -> None:
    """Insert a key; of its token only the hash is known here."""
    environments = key.scope.environments
    await connection.execute(
        _INSERT,
        {
            "id": key.id,
            "name": key.name,
            "prefix": key.prefix,
            "key_hash": key_hash,
            "workspace_id": key.scope.workspace_id,
            "environments": None if environments is None else sorted(environments),
            "key_prefix": key.scope.key_prefix,
            "access": key.scope.access,
            "secrets": key.scope.secrets,
            "created_by": created_by,
            "created_at": key.created_at,
            "expires_at": key.expires_at,
        },
    )


async def revoke(connection: Connection, key_id: UUID, moment: datetime) -> bool:
    """Revoke a key; False when it was revoked before."""
    values = {"id": key_id, "moment": moment}
    return (await connection.execute(_REVOKE, values)).one_or_none() is not None


async def add_usage(connection: Connection, usage: Mapping[UUID, Usage]) -> None:
    """Add to the counts of keys.

    The rows are locked in one order first: two processes that count the same keys at the same
    time would otherwise wait for each other for ever.
    """
    await connection.execute(_LOCK_USED, {"ids": list(usage)})
    await connection.execute(
        _ADD_USAGE,
        {
            "ids": list(usage),
            "counts": [each.times for each in usage.values()],
            "moments": [each.moment for each in usage.values()],
        },
    )
