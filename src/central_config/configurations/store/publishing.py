"""Writing what few publications add besides versions; every statement takes columns of rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from central_config.configurations.model.changes import Change
from central_config.configurations.store.rows import KeyRow, OpenVersion, PublishedRow
from central_config.core.db import Connection

_KEYS = text("""
    INSERT INTO cc_key AS k (workspace_id, key, secret, description, updated_at)
    SELECT workspace_id, key, secret, coalesce(description, ''), moment FROM unnest(
        CAST(:workspace_id AS uuid[]), CAST(:key AS text[]), CAST(:secret AS boolean[]),
        CAST(:description AS text[]), CAST(:moment AS timestamptz[]))
        AS u (workspace_id, key, secret, description, moment)
    ON CONFLICT (workspace_id, key) DO UPDATE
    SET secret = k.secret OR excluded.secret, updated_at = excluded.updated_at
""")

_DESCRIBE = text("""
    UPDATE cc_key AS k SET description = u.description
    FROM unnest(CAST(:workspace_id AS uuid[]), CAST(:key AS text[]), CAST(:description AS text[]))
         AS u (workspace_id, key, description)
    WHERE k.workspace_id = u.workspace_id AND k.key = u.key AND u.description IS NOT NULL
""")

_CHANGE_COLUMNS: Mapping[str, str] = {
    "id": "uuid",
    "workspace_id": "uuid",
    "status": "text",
    "kind": "text",
    "message": "text",
    "author_kind": "text",
    "author_id": "uuid",
    "author_name": "text",
    "base_revision": "bigint",
    "revision": "bigint",
    "created_at": "timestamptz",
    "submitted_at": "timestamptz",
    "decided_at": "timestamptz",
    "decided_by": "text",
    "comment": "text",
    "published_at": "timestamptz",
    "published_by": "text",
    "edit_count": "integer",
    "edition": "integer",
    "responsible_id": "uuid",
}

_CHANGES = text(
    f"INSERT INTO cc_change ({', '.join(_CHANGE_COLUMNS)}) SELECT * FROM unnest("  # noqa: S608
    + ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _CHANGE_COLUMNS.items())
    + ")"
)

_PUBLISH_CHANGES = text("""
    UPDATE cc_change AS c
    SET status = 'published', revision = u.revision, published_at = u.published_at,
        published_by = u.published_by
    FROM unnest(CAST(:id AS uuid[]), CAST(:revision AS bigint[]),
                CAST(:published_at AS timestamptz[]), CAST(:published_by AS text[]),
                CAST(:edition AS integer[]))
         AS u (id, revision, published_at, published_by, edition)
    WHERE c.id = u.id AND c.edition = u.edition AND c.status IN ('draft', 'approved')
    RETURNING c.id
""")

_OPEN_VERSIONS = text("""
    SELECT v.configuration_id, v.version, c.environment_id, c.key, v.body
    FROM cc_version AS v JOIN cc_configuration AS c ON c.id = v.configuration_id
    WHERE c.workspace_id = :workspace_id AND c.key = ANY(CAST(:keys AS text[]))
      AND v.body IS NOT NULL
""")

_SEAL_VERSIONS = text("""
    WITH given AS (
        SELECT * FROM unnest(CAST(:configuration_id AS bigint[]), CAST(:version AS integer[]),
                             CAST(:sealed AS bytea[])) AS u (configuration_id, version, sealed)
    ), head AS (
        UPDATE cc_configuration AS c SET body = NULL, sealed = g.sealed
        FROM given AS g WHERE c.id = g.configuration_id AND c.version = g.version
    )
    UPDATE cc_version AS v SET body = NULL, sealed = g.sealed
    FROM given AS g WHERE v.configuration_id = g.configuration_id AND v.version = g.version
""")


def _columns(rows: Sequence[Any], names: Iterable[str]) -> dict[str, list[Any]]:
    return {name: [getattr(row, name) for row in rows] for name in names}


async def insert_changes(connection: Connection, rows: Sequence[Change]) -> None:
    """Insert whole changes."""
    await connection.execute(_CHANGES, _columns(rows, _CHANGE_COLUMNS))


async def publish_changes(connection: Connection, rows: Sequence[PublishedRow]) -> set[UUID]:
    """Mark stored changes as published; return those that still are what was checked."""
    columns = _columns(rows, PublishedRow.__struct_fields__)
    result = await connection.execute(_PUBLISH_CHANGES, columns)
    return {row.id for row in result}


async def say_of_keys(connection: Connection, rows: Sequence[KeyRow]) -> None:
    """Keep descriptions and marks of keys; a mark as secret is never taken back."""
    merged: dict[tuple[UUID, str], KeyRow] = {}
    for row in rows:
        known = merged.get((row.workspace_id, row.key), row)
        merged[row.workspace_id, row.key] = msgspec.structs.replace(
            row,
            secret=row.secret or known.secret,
            description=known.description if row.description is None else row.description,
        )
    columns = _columns(list(merged.values()), KeyRow.__struct_fields__)
    await connection.execute(_KEYS, columns)
    told = {name: columns[name] for name in ("workspace_id", "key", "description")}
    await connection.execute(_DESCRIBE, told)


async def open_versions(
    connection: Connection, workspace_id: UUID, keys: Sequence[str]
) -> list[OpenVersion]:
    """Return every stored value of these keys, in all environments, that is not sealed."""
    result = await connection.execute(
        _OPEN_VERSIONS, {"workspace_id": workspace_id, "keys": list(keys)}
    )
    names = OpenVersion.__struct_fields__
    return [OpenVersion(*(getattr(row, name) for name in names)) for row in result]


async def seal_versions(
    connection: Connection, sealed: Sequence[tuple[OpenVersion, bytes]]
) -> None:
    """Replace clear values by sealed ones, in the history and in the heads."""
    parameters = {
        "configuration_id": [version.configuration_id for version, _ in sealed],
        "version": [version.version for version, _ in sealed],
        "sealed": [value for _, value in sealed],
    }
    await connection.execute(_SEAL_VERSIONS, parameters)
