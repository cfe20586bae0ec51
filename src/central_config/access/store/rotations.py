"""SQL of keys that take the place of others."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from central_config.access.model import ApiKey, Rotation
from central_config.access.store import keys
from central_config.core.db import Connection

_INSERT = text("""
    INSERT INTO cc_key_rotation (old_id, new_id, generation, rotated_at, overlap_ends_at)
    VALUES (:old_id, :new_id, :generation, :rotated_at, :overlap_ends_at)
""")
_END = text("UPDATE api_keys SET expires_at = :moment WHERE id = :id")
_GENERATION = text("SELECT generation FROM cc_key_rotation WHERE new_id = :id")
_OPEN = text("""
    SELECT r.old_id, r.new_id, r.generation, r.rotated_at, r.overlap_ends_at
    FROM cc_key_rotation r JOIN api_keys k ON k.id = r.old_id
    WHERE k.revoked_at IS NULL
      AND (CAST(:places AS uuid[]) IS NULL OR k.workspace_id = ANY(CAST(:places AS uuid[])))
    ORDER BY r.rotated_at, r.old_id
""")


async def generation(connection: Connection, key_id: UUID) -> int:
    """Return how many keys there were up to this one: 1 for one that replaced none."""
    found = (await connection.execute(_GENERATION, {"id": key_id})).scalar_one_or_none()
    return 1 if found is None else int(found)


async def insert(connection: Connection, rotation: Rotation, old_expires_at: datetime) -> None:
    """Note that a key takes another's place, and let the other end at that moment."""
    await connection.execute(
        _INSERT,
        {
            "old_id": rotation.old.id,
            "new_id": rotation.new.id,
            "generation": rotation.generation,
            "rotated_at": rotation.rotated_at,
            "overlap_ends_at": rotation.overlap_ends_at,
        },
    )
    await connection.execute(_END, {"id": rotation.old.id, "moment": old_expires_at})


async def open_ones(connection: Connection, places: Collection[UUID] | None) -> list[Rotation]:
    """Return the rotations in workspaces (None: in all) whose old key is not revoked yet."""
    values = {"places": None if places is None else list(places)}
    rows = (await connection.execute(_OPEN, values)).all()
    found: dict[UUID, ApiKey] = {
        key.id: key
        for key in await keys.several(connection, {i for row in rows for i in (row[0], row[1])})
    }
    return [
        Rotation(
            found[row.old_id],
            found[row.new_id],
            row.generation,
            row.rotated_at,
            row.overlap_ends_at,
        )
        for row in rows
    ]
