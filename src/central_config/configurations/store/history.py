"""SQL of the past: versions of a key, who made a revision, search, compaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Row, text

from central_config.core.db import Connection
from central_config.secrets.model import Cipher, SealBrokenError

log = structlog.get_logger(__name__)


class Version(msgspec.Struct, frozen=True):
    """One value a configuration had, with the change that brought it."""

    environment_id: UUID
    key: str
    version: int
    revision: int
    action: str
    status: str
    body: bytes
    secret: bool
    change_id: UUID | None
    published_at: datetime
    author: str
    message: str


class Origin(msgspec.Struct, frozen=True):
    """Who published a revision, when and why."""

    revision: int
    author: str
    message: str
    published_at: datetime
    change_id: UUID | None


class Hit(msgspec.Struct, frozen=True):
    """A configuration that a search found, and where: `key`, `description` or `value`."""

    environment_id: UUID
    key: str
    where: str


# The newest of each configuration by its own index: sorting all of a much written key's versions
# took 35 ms for 100,000 of them, this takes half a millisecond.
_VERSIONS = text("""
    SELECT c.environment_id, c.key, v.version, v.revision, v.action, v.status, v.body, v.sealed,
           v.change_id, r.published_at, r.actor_name AS author, r.message
    FROM cc_configuration AS c
    CROSS JOIN LATERAL (
        SELECT * FROM cc_version AS own
        WHERE own.configuration_id = c.id
          AND (CAST(:revision AS bigint) IS NULL
               OR (own.revision, c.environment_id) < (:revision, CAST(:environment AS uuid)))
        ORDER BY own.version DESC LIMIT :limit) AS v
    JOIN cc_revision AS r ON r.workspace_id = v.workspace_id AND r.revision = v.revision
    WHERE c.environment_id = ANY(CAST(:environments AS uuid[])) AND c.key = :key
    ORDER BY v.revision DESC, c.environment_id DESC LIMIT :limit
""")

_OF_REVISION = text("""
    SELECT c.environment_id, c.key, v.version, v.revision, v.action, v.status, v.body, v.sealed,
           v.change_id, r.published_at, r.actor_name AS author, r.message
    FROM cc_version AS v
    JOIN cc_configuration AS c ON c.id = v.configuration_id
    JOIN cc_revision AS r ON r.workspace_id = v.workspace_id AND r.revision = v.revision
    WHERE v.workspace_id = :workspace_id AND v.revision = :revision
    ORDER BY c.key, c.environment_id LIMIT :limit
""")

_ORIGINS = text("""
    SELECT revision, actor_name AS author, message, published_at, change_id FROM cc_revision
    WHERE workspace_id = :workspace_id AND revision = ANY(CAST(:revisions AS bigint[]))
""")

_SEARCH = text("""
    SELECT c.environment_id, c.key,
           CASE WHEN c.key ILIKE :pattern THEN 'key'
                WHEN k.description ILIKE :pattern THEN 'description'
                ELSE 'value' END AS "where"
    FROM cc_configuration AS c
    LEFT JOIN cc_key AS k ON k.workspace_id = c.workspace_id AND k.key = c.key
    WHERE c.workspace_id = :workspace_id AND c.status IN ('active', 'deprecated')
      AND c.environment_id = ANY(CAST(:environments AS uuid[])) AND starts_with(c.key, :prefix)
      AND (c.key ILIKE :pattern OR c.body ILIKE :pattern OR k.description ILIKE :pattern)
      AND (c.key, c.environment_id) > (:after_key, CAST(:after_environment AS uuid))
    ORDER BY c.key, c.environment_id LIMIT :limit
""")

# What no reader at or after the new oldest revision can see: versions that a later one, itself
# not after that revision, has replaced.
_COMPACT_VERSIONS = text("""
    WITH kept AS (
        SELECT configuration_id, max(version) AS version FROM cc_version
        WHERE workspace_id = :workspace_id AND revision <= :oldest
        GROUP BY configuration_id)
    DELETE FROM cc_version AS old USING kept
    WHERE old.configuration_id = kept.configuration_id AND old.version < kept.version
""")

_DESCRIPTIONS = text("""
    SELECT key, description FROM cc_key
    WHERE workspace_id = :workspace_id AND key = ANY(CAST(:keys AS text[])) AND description <> ''
""")


def version_of(row: Row[Any], cipher: Cipher) -> Version:
    """Return a row of the columns that all statements here select as a version, in clear."""
    secret = row.sealed is not None
    body = (row.body or "").encode()
    if secret:
        try:
            body = cipher.open(row.environment_id, row.key, row.sealed)
        except SealBrokenError:
            log.exception("sealed value does not open", key=row.key, version=row.version)
    return Version(
        row.environment_id,
        row.key,
        row.version,
        row.revision,
        row.action,
        row.status,
        body,
        secret,
        row.change_id,
        row.published_at,
        row.author,
        row.message,
    )


async def versions(
    connection: Connection,
    environments: Sequence[UUID],
    key: str,
    cipher: Cipher,
    *,
    before: tuple[int, UUID] | None = None,
    limit: int = 100,
) -> list[Version]:
    """Return the versions of a key in some environments, newest first.

    `before`: the revision and environment of the last one of the page before.
    """
    revision, environment = before or (None, None)
    parameters = {
        "environments": list(environments),
        "key": key,
        "revision": revision,
        "environment": environment,
        "limit": limit,
    }
    return [version_of(row, cipher) for row in await connection.execute(_VERSIONS, parameters)]


async def versions_of_revision(
    connection: Connection, workspace_id: UUID, revision: int, cipher: Cipher, limit: int
) -> list[Version]:
    """Return what a revision set, by key."""
    parameters = {"workspace_id": workspace_id, "revision": revision, "limit": limit}
    return [version_of(row, cipher) for row in await connection.execute(_OF_REVISION, parameters)]


async def origins(
    connection: Connection, workspace_id: UUID, revisions: Sequence[int]
) -> dict[int, Origin]:
    """Return who published each of these revisions."""
    parameters = {"workspace_id": workspace_id, "revisions": sorted(set(revisions))}
    names = Origin.__struct_fields__
    rows = await connection.execute(_ORIGINS, parameters)
    return {row.revision: Origin(*(getattr(row, name) for name in names)) for row in rows}


async def search(  # noqa: PLR0913 - the parts of one question
    connection: Connection,
    workspace_id: UUID,
    environments: Sequence[UUID],
    words: str,
    *,
    prefix: str,
    after: tuple[str, UUID],
    limit: int,
) -> list[Hit]:
    """Return configurations whose key, description or (not secret) value holds the words.

    `prefix`: only of keys that begin so. What a caller may not see has to be left out here: the
    last hit of a full page becomes its cursor, which everybody can read.
    """
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = await connection.execute(
        _SEARCH,
        {
            "workspace_id": workspace_id,
            "environments": list(environments),
            "prefix": prefix,
            "pattern": f"%{escaped}%",
            "after_key": after[0],
            "after_environment": after[1],
            "limit": limit,
        },
    )
    return [Hit(row.environment_id, row.key, row.where) for row in rows]


async def compact_versions(connection: Connection, workspace_id: UUID, oldest: int) -> int:
    """Delete the versions no revision from `oldest` on can show; return how many."""
    parameters = {"workspace_id": workspace_id, "oldest": oldest}
    return (await connection.execute(_COMPACT_VERSIONS, parameters)).rowcount


async def descriptions(
    connection: Connection, workspace_id: UUID, keys: Sequence[str]
) -> dict[str, str]:
    """Return what is said of these keys, where something is said."""
    parameters = {"workspace_id": workspace_id, "keys": list(keys)}
    rows = await connection.execute(_DESCRIPTIONS, parameters)
    return {row.key: row.description for row in rows}
