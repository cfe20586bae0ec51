"""SQL of sign-ins."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from central_config.core.db import Connection

_INSERT = text("""
    INSERT INTO cc_session (id, user_id, token_hash, created_at, expires_at, last_seen, client_ip,
                            user_agent)
    VALUES (:id, :user_id, :token_hash, :created_at, :expires_at, :created_at, :client_ip,
            :user_agent)
""")
_DROP_EXPIRED = text("DELETE FROM cc_session WHERE user_id = :user_id AND expires_at <= :moment")
_PURGE = text("DELETE FROM cc_session WHERE expires_at < :before")
_END = text("DELETE FROM cc_session WHERE id = :id RETURNING id")
_END_ALL = text("""
    DELETE FROM cc_session WHERE user_id = :user_id AND id IS DISTINCT FROM CAST(:spared AS uuid)
    RETURNING id
""")
_LOCK_SEEN = text("""
    SELECT id FROM cc_session WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
""")
_SEEN = text("""
    UPDATE cc_session AS s SET last_seen = greatest(s.last_seen, seen.moment)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[])) AS seen (id, moment)
    WHERE s.id = seen.id
""")


class NewSession(NamedTuple):
    """A sign-in to store; of its token only the hash is known here."""

    id: UUID
    user_id: UUID
    token_hash: bytes
    created_at: datetime
    expires_at: datetime
    client_ip: str
    user_agent: str


async def insert(connection: Connection, session: NewSession) -> None:
    """Insert a sign-in and drop the expired ones of the same user."""
    values = {"user_id": session.user_id, "moment": session.created_at}
    await connection.execute(_DROP_EXPIRED, values)
    await connection.execute(_INSERT, session._asdict())


async def end(connection: Connection, session_id: UUID) -> bool:
    """End one sign-in; False when it had ended before."""
    return (await connection.execute(_END, {"id": session_id})).one_or_none() is not None


async def end_all(connection: Connection, user_id: UUID, spared: UUID | None = None) -> int:
    """End the sign-ins of a user, except the one to spare; return how many there were."""
    values = {"user_id": user_id, "spared": spared}
    return len((await connection.execute(_END_ALL, values)).all())


async def note_seen(connection: Connection, seen: Mapping[UUID, datetime]) -> None:
    """Write when sign-ins were last used."""
    await connection.execute(_LOCK_SEEN, {"ids": list(seen)})
    await connection.execute(_SEEN, {"ids": list(seen), "moments": list(seen.values())})


async def purge(connection: Connection, before: datetime) -> int:
    """Delete the sign-ins of everybody that expired before; return how many."""
    return (await connection.execute(_PURGE, {"before": before})).rowcount
