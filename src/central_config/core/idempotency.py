"""Answers that were given, kept for a day so that a repeated request gets the same one."""

from datetime import datetime, timedelta

from sqlalchemy import Column, DateTime, Integer, LargeBinary, Table, Text, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from central_config.core.db import Connection, metadata

# `owner` is the principal's id: two callers may use the same key.
cc_idempotency = Table(
    "cc_idempotency",
    metadata,
    Column("owner", LargeBinary, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, index=True),
    Column("status", Integer),
    Column("answer", LargeBinary),
)

_TABLE = cc_idempotency.c

# A request still without an answer after this long died with its process; another may try.
ABANDONED_AFTER = timedelta(minutes=2)


class Kept:
    """What is known of a key: the request it was used for, and the answer once there is one."""

    def __init__(self, fingerprint: bytes, status: int | None, answer: bytes | None) -> None:
        self.fingerprint = fingerprint
        self.status = status
        self.answer = answer


async def claim(
    connection: Connection, owner: bytes, key: str, fingerprint: bytes, moment: datetime
) -> Kept | None:
    """Take a key for a request; None when it is ours now, else what it was used for."""
    abandoned = delete(cc_idempotency).where(
        _TABLE.owner == owner,
        _TABLE.key == key,
        _TABLE.status.is_(None),
        _TABLE.created_at < moment - ABANDONED_AFTER,
    )
    await connection.execute(abandoned)
    query = insert(cc_idempotency).values(
        owner=owner, key=key, fingerprint=fingerprint, created_at=moment
    )
    taken = await connection.execute(query.on_conflict_do_nothing().returning(_TABLE.key))
    if taken.first() is not None:
        return None
    found = select(_TABLE.fingerprint, _TABLE.status, _TABLE.answer).where(
        _TABLE.owner == owner, _TABLE.key == key
    )
    row = (await connection.execute(found)).one()
    return Kept(row.fingerprint, row.status, row.answer)


async def keep(connection: Connection, owner: bytes, key: str, status: int, answer: bytes) -> None:
    """Keep the answer to a claimed key."""
    query = update(cc_idempotency).where(_TABLE.owner == owner, _TABLE.key == key)
    await connection.execute(query.values(status=status, answer=answer))


async def release(connection: Connection, owner: bytes, key: str) -> None:
    """Give a claimed key back: the request failed on our side and may be tried again."""
    query = delete(cc_idempotency).where(
        _TABLE.owner == owner, _TABLE.key == key, _TABLE.status.is_(None)
    )
    await connection.execute(query)


async def purge(connection: Connection, before: datetime) -> int:
    """Delete what is older; return how many."""
    query = delete(cc_idempotency).where(_TABLE.created_at < before)
    return (await connection.execute(query)).rowcount
