"""SQL of what people of a workspace say."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from central_config.assistant.tables.synonyms import cc_synonym
from central_config.core.db import Connection
from central_config.core.json import decode, encode


class Synonym(msgspec.Struct, frozen=True):
    """What people say, and the words of keys, environments or users it may stand for."""

    said: str
    words: tuple[str, ...]
    updated_at: datetime | None = None
    updated_by: str | None = None


async def synonyms(connection: Connection, workspace_id: UUID) -> list[Synonym]:
    """Return those of a workspace, in the order of the alphabet."""
    table = cc_synonym.c
    query = (
        select(table.said, table.words, table.updated_at, table.updated_by)
        .where(table.workspace_id == workspace_id)
        .order_by(table.said)
    )
    return [
        Synonym(said, _words(words), updated_at, updated_by)
        for said, words, updated_at, updated_by in await connection.execute(query)
    ]


def _words(text: str) -> tuple[str, ...]:
    return tuple(cast("list[Any]", decode(text)))


async def count(connection: Connection, workspace_id: UUID) -> int:
    """Return how many a workspace has."""
    query = select(func.count()).where(cc_synonym.c.workspace_id == workspace_id)
    return (await connection.execute(query)).scalar_one()


async def save(
    connection: Connection,
    workspace_id: UUID,
    said: str,
    words: Sequence[str],
    moment: datetime,
    author: str,
) -> None:
    """Insert one, or put it in the place of what was there."""
    values = {"words": encode(words).decode(), "updated_at": moment, "updated_by": author}
    query = insert(cc_synonym).values(workspace_id=workspace_id, said=said, **values)
    await connection.execute(
        query.on_conflict_do_update(index_elements=["workspace_id", "said"], set_=values)
    )


async def remove(connection: Connection, workspace_id: UUID, said: str) -> bool:
    """Delete one; tell whether it was there."""
    query = delete(cc_synonym).where(
        cc_synonym.c.workspace_id == workspace_id, cc_synonym.c.said == said
    )
    return (await connection.execute(query)).rowcount > 0
