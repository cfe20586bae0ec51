"""SQL of changes that are not published yet, and of those that were."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select, text, update

from central_config.configurations.model.changes import OPEN, Change, Edit
from central_config.configurations.store.publishing import insert_changes
from central_config.configurations.tables import cc_change, cc_change_edit
from central_config.core.db import Connection
from central_config.secrets.model import Cipher

_COLUMNS = Change.__struct_fields__

_INSERT_EDITS = text("""
    INSERT INTO cc_change_edit (change_id, position, environment_id, key, action, status, secret,
                                description, body, sealed)
    SELECT :change_id, u.* FROM unnest(
        CAST(:position AS integer[]), CAST(:environment_id AS uuid[]), CAST(:key AS text[]),
        CAST(:action AS text[]), CAST(:status AS text[]), CAST(:secret AS boolean[]),
        CAST(:description AS text[]), CAST(:body AS text[]), CAST(:sealed AS bytea[])) AS u
""")

# Heads for keys that no environment published yet, so that lists can show what is coming.
_INSERT_DRAFT_HEADS = text("""
    INSERT INTO cc_configuration (workspace_id, environment_id, key, status, version, revision,
                                  created_at, updated_at)
    SELECT :workspace_id, environment_id, key, 'draft', 0, 0, :moment, :moment
    FROM unnest(CAST(:environment_id AS uuid[]), CAST(:key AS text[]), CAST(:action AS text[]))
         AS u (environment_id, key, action)
    WHERE action = 'set'
    ON CONFLICT DO NOTHING
""")

_DELETE_DRAFT_HEADS = text("""
    DELETE FROM cc_configuration AS c
    WHERE c.workspace_id = :workspace_id AND c.status = 'draft' AND c.version = 0
      AND NOT EXISTS (
        SELECT 1 FROM cc_change_edit AS e JOIN cc_change AS h ON h.id = e.change_id
        WHERE h.workspace_id = :workspace_id AND h.status IN ('draft', 'in_review', 'approved')
          AND e.environment_id = c.environment_id AND e.key = c.key)
""")

_OPEN_EDITS = text("""
    SELECT e.change_id, e.position, e.environment_id, e.key, e.body
    FROM cc_change_edit AS e JOIN cc_change AS h ON h.id = e.change_id
    WHERE h.workspace_id = :workspace_id AND e.key = ANY(CAST(:keys AS text[]))
      AND e.body IS NOT NULL
""")

_SEAL_EDITS = text("""
    UPDATE cc_change_edit AS e SET body = NULL, sealed = u.sealed
    FROM unnest(CAST(:change_id AS uuid[]), CAST(:position AS integer[]),
                CAST(:sealed AS bytea[])) AS u (change_id, position, sealed)
    WHERE e.change_id = u.change_id AND e.position = u.position
""")

# Edits read by one statement.
_READ_AT_ONCE = 500

_EDITED = text("""
    SELECT e.environment_id, e.key
    FROM unnest(CAST(:environment_id AS uuid[]), CAST(:key AS text[])) AS u (environment_id, key)
    JOIN cc_change_edit AS e ON e.environment_id = u.environment_id
                             AND e.key = u.key COLLATE "C"
    WHERE e.change_id = :change_id
""")

_DRAFT_KEYS = text("""
    SELECT key FROM cc_configuration
    WHERE environment_id = :environment_id AND status = 'draft' AND version = 0
      AND key > :after AND starts_with(key, :prefix)
    ORDER BY key LIMIT :limit
""")


def _change(row: Row[Any]) -> Change:
    return Change(*(getattr(row, name) for name in _COLUMNS))


async def insert_change(connection: Connection, change: Change) -> None:
    """Insert a change without its edits."""
    await insert_changes(connection, [change])


async def insert_edits(
    connection: Connection,
    change: Change,
    edits: Sequence[Edit],
    secret_keys: frozenset[str],
    cipher: Cipher,
    *,
    first: int = 0,
) -> None:
    """Append edits from position `first` on; values of secret keys are stored sealed."""

    def sealed(edit: Edit) -> bytes | None:
        if edit.key not in secret_keys or not edit.body:
            return None
        return cipher.seal(edit.environment_id, edit.key, edit.body)

    closed = [sealed(edit) for edit in edits]
    columns: dict[str, list[Any]] = {
        "position": list(range(first, first + len(edits))),
        "environment_id": [edit.environment_id for edit in edits],
        "key": [edit.key for edit in edits],
        "action": [edit.action for edit in edits],
        "status": [edit.status for edit in edits],
        "secret": [edit.secret for edit in edits],
        "description": [edit.description for edit in edits],
        "body": [
            edit.body.decode() if edit.body and shut is None else None
            for edit, shut in zip(edits, closed, strict=True)
        ],
        "sealed": closed,
    }
    await connection.execute(_INSERT_EDITS, {"change_id": change.id, **columns})
    heads = {name: columns[name] for name in ("environment_id", "key", "action")}
    await connection.execute(
        _INSERT_DRAFT_HEADS,
        {"workspace_id": change.workspace_id, "moment": change.created_at, **heads},
    )


async def delete_edits(connection: Connection, change_id: UUID) -> None:
    """Delete all edits of a change."""
    await connection.execute(delete(cc_change_edit).where(cc_change_edit.c.change_id == change_id))


async def delete_draft_heads(connection: Connection, workspace_id: UUID) -> None:
    """Delete the heads that no open change mentions any more and that were never published."""
    await connection.execute(_DELETE_DRAFT_HEADS, {"workspace_id": workspace_id})


async def edits(connection: Connection, change_id: UUID, cipher: Cipher) -> list[Edit]:
    """Return the edits of a change in order, values in clear."""
    table = cc_change_edit.c
    query = select(
        table.position,
        table.environment_id,
        table.key,
        table.action,
        table.status,
        table.secret,
        table.description,
        table.body,
        table.sealed,
    ).where(table.change_id == change_id)
    found: list[Edit] = []
    last = -1
    # Block by block, so that others have their turn in between.
    while True:
        block = query.where(table.position > last).order_by(table.position).limit(_READ_AT_ONCE)
        rows = (await connection.execute(block)).all()
        for last, environment_id, key, action, status, secret, description, text_, sealed in rows:  # noqa: B007 - the last one is wanted
            body = (text_ or "").encode()
            if sealed is not None:
                body = cipher.open(environment_id, key, sealed)
                secret = True  # noqa: PLW2901 - what is sealed is one
            found.append(Edit(environment_id, key, action, body, status, secret, description))
        if len(rows) < _READ_AT_ONCE:
            return found


async def edited(
    connection: Connection, change_id: UUID, edits: Sequence[Edit]
) -> set[tuple[UUID, str]]:
    """Return which of the places of these edits a change edits already."""
    parameters = {
        "change_id": change_id,
        "environment_id": [edit.environment_id for edit in edits],
        "key": [edit.key for edit in edits],
    }
    rows = await connection.execute(_EDITED, parameters)
    return {(row.environment_id, row.key) for row in rows}


async def seal_edits(
    connection: Connection, workspace_id: UUID, keys: Sequence[str], cipher: Cipher
) -> None:
    """Seal what proposals hold of keys that have become secrets."""
    parameters = {"workspace_id": workspace_id, "keys": list(keys)}
    rows = (await connection.execute(_OPEN_EDITS, parameters)).all()
    await connection.execute(
        _SEAL_EDITS,
        {
            "change_id": [row.change_id for row in rows],
            "position": [row.position for row in rows],
            "sealed": [cipher.seal(row.environment_id, row.key, row.body.encode()) for row in rows],
        },
    )


async def change(
    connection: Connection, workspace_id: UUID, change_id: UUID, *, lock: bool = False
) -> Change | None:
    """Return a change of the workspace, or None; `lock` keeps others from moving it."""
    query = select(cc_change).where(
        cc_change.c.workspace_id == workspace_id, cc_change.c.id == change_id
    )
    if lock:
        query = query.with_for_update()
    row = (await connection.execute(query)).first()
    return None if row is None else _change(row)


async def page(
    connection: Connection,
    workspace_id: UUID,
    conditions: Mapping[str, str],
    before: UUID | None,
    limit: int,
) -> list[Change]:
    """Return changes, newest first; conditions: `status` (or `open`), `author_name`."""
    table = cc_change.c
    query = select(cc_change).where(table.workspace_id == workspace_id)
    for name, value in conditions.items():
        if name == "status" and value == "open":
            query = query.where(table.status.in_(sorted(OPEN)))
        else:
            query = query.where(table[name] == value)
    if before is not None:
        query = query.where(table.id < before)
    query = query.order_by(table.id.desc()).limit(limit)
    return [_change(row) for row in (await connection.execute(query)).all()]


async def update_change(
    connection: Connection, change_id: UUID, values: Mapping[str, object]
) -> None:
    """Set columns of a change; it becomes another edition."""
    columns = {**values, "edition": cc_change.c.edition + 1}
    await connection.execute(update(cc_change).where(cc_change.c.id == change_id).values(columns))


async def count_edits(connection: Connection, change_id: UUID) -> int:
    """Return how many edits a change has."""
    query = (
        select(func.count())
        .select_from(cc_change_edit)
        .where(cc_change_edit.c.change_id == change_id)
    )
    return (await connection.execute(query)).scalar_one()


async def draft_keys(
    connection: Connection, environment_id: UUID, prefix: str, after: str, limit: int
) -> list[str]:
    """Return keys that only drafts hold, by key."""
    parameters = {
        "environment_id": environment_id,
        "prefix": prefix,
        "after": after,
        "limit": limit,
    }
    return [row.key for row in await connection.execute(_DRAFT_KEYS, parameters)]


async def author_of(connection: Connection, change_id: UUID) -> tuple[str, datetime] | None:
    """Return who wrote a change and when."""
    query = select(cc_change.c.author_name, cc_change.c.created_at).where(
        cc_change.c.id == change_id
    )
    row = (await connection.execute(query)).first()
    return None if row is None else (row.author_name, row.created_at)
