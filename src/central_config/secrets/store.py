"""SQL of data keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from central_config.core.db import Connection
from central_config.secrets.tables import cc_data_key


async def wrapped_key(connection: Connection, workspace_id: UUID) -> bytes | None:
    """Return the wrapped data key of a workspace, or None when it has none yet."""
    query = select(cc_data_key.c.wrapped).where(cc_data_key.c.workspace_id == workspace_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def any_workspace(connection: Connection) -> UUID | None:
    """Return a workspace that has a data key, if there is one."""
    return (await connection.execute(select(cc_data_key.c.workspace_id).limit(1))).scalar()


async def keep_key(
    connection: Connection, workspace_id: UUID, wrapped: bytes, moment: datetime
) -> bytes:
    """Store a wrapped data key unless there is one; return the one that counts."""
    query = insert(cc_data_key).values(
        workspace_id=workspace_id, wrapped=wrapped, created_at=moment
    )
    await connection.execute(query.on_conflict_do_nothing())
    found = await wrapped_key(connection, workspace_id)
    return wrapped if found is None else found
