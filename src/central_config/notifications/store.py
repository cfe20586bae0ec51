"""SQL of the outbox. Times are the database's: workers on several machines need one clock."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, and_, select, text

from central_config.core.db import Connection
from central_config.core.ids import new_id
from central_config.notifications.model import Message, Notification, one_line, parse_target
from central_config.notifications.tables import cc_notification

_INSERT = text("""
    INSERT INTO cc_notification (id, channel, target, subject, body, about, status, attempts,
                                 next_attempt_at, dedupe_key, created_at)
    VALUES (:id, :channel, :target, :subject, :body, :about, 'queued', 0, now(), :dedupe_key, now())
    ON CONFLICT (dedupe_key) DO NOTHING
    RETURNING id
""")
# The row stays locked while it is sent: another worker goes past it, and should this one die, the
# lock goes with it and the row is as it was.
_CLAIM = text("""
    SELECT * FROM cc_notification
    WHERE status = 'queued' AND next_attempt_at <= now()
    ORDER BY next_attempt_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
""")
_SENT = text("""
    UPDATE cc_notification SET status = 'sent', sent_at = clock_timestamp(), error = NULL,
        attempts = attempts + 1
    WHERE id = :id
""")
_FAILED = text("""
    UPDATE cc_notification SET status = 'failed', error = :error, attempts = attempts + 1
    WHERE id = :id
""")
_LATER = text("""
    UPDATE cc_notification SET error = :error, attempts = attempts + 1,
        next_attempt_at = clock_timestamp() + make_interval(secs => :delay)
    WHERE id = :id RETURNING next_attempt_at
""")
_RETRY = text("""
    UPDATE cc_notification SET status = 'queued', attempts = 0, next_attempt_at = now()
    WHERE id = :id AND status <> 'sent' RETURNING *
""")
_PURGE = text("""
    DELETE FROM cc_notification
    WHERE status <> 'queued' AND created_at < now() - make_interval(days => :days)
""")
_COUNTS = text("SELECT status, count(*) AS messages FROM cc_notification GROUP BY status")


async def insert(connection: Connection, message: Message) -> UUID | None:
    """Put a message into the outbox; None when one of its dedupe key is, or was, there."""
    values = {
        "id": new_id(),
        "channel": parse_target(message.target).channel,
        "target": message.target,
        "subject": one_line(message.subject),
        "body": message.body,
        "about": message.about,
        "dedupe_key": message.dedupe_key,
    }
    return (await connection.execute(_INSERT, values)).scalar_one_or_none()


async def claim(connection: Connection) -> Notification | None:
    """Lock the message that has been due for longest, until the transaction ends."""
    row = (await connection.execute(_CLAIM)).mappings().one_or_none()
    return None if row is None else _notification(row)


async def mark_sent(connection: Connection, message_id: UUID) -> None:
    """Note that a claimed message was taken."""
    await connection.execute(_SENT, {"id": message_id})


async def mark_failed(connection: Connection, message_id: UUID, error: str) -> None:
    """Give a claimed message up."""
    await connection.execute(_FAILED, {"id": message_id, "error": error})


async def put_off(connection: Connection, message_id: UUID, error: str, delay: float) -> datetime:
    """Let a claimed message wait `delay` seconds; return until when."""
    values = {"id": message_id, "error": error, "delay": delay}
    return (await connection.execute(_LATER, values)).scalar_one()


async def retry(connection: Connection, message_id: UUID) -> Notification | None:
    """Queue a message again as if it were new; None when it was sent or does not exist."""
    row = (await connection.execute(_RETRY, {"id": message_id})).mappings().one_or_none()
    return None if row is None else _notification(row)


async def find(connection: Connection, message_id: UUID) -> Notification | None:
    """Return a message."""
    query = select(cc_notification).where(cc_notification.c.id == message_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _notification(row)


async def page(
    connection: Connection, conditions: Mapping[str, str], before: UUID | None, limit: int
) -> Sequence[Notification]:
    """Return messages, newest first, whose columns have the values of the conditions."""
    clauses = [cc_notification.c[name] == value for name, value in conditions.items()]
    if before is not None:
        clauses.append(cc_notification.c.id < before)
    query = (
        select(cc_notification)
        .where(and_(True, *clauses))
        .order_by(cc_notification.c.id.desc())
        .limit(limit)
    )
    return [_notification(row) for row in (await connection.execute(query)).mappings()]


async def targets_about(connection: Connection, about: str) -> list[str]:
    """Return whom messages about something went or go to."""
    table = cc_notification.c
    query = select(table.target).where(table.about == about).distinct().order_by(table.target)
    return list((await connection.execute(query)).scalars())


async def purge(connection: Connection, days: int) -> int:
    """Delete messages that are over and older than so many days; return how many."""
    return (await connection.execute(_PURGE, {"days": days})).rowcount


async def counts(connection: Connection) -> dict[str, int]:
    """Return how many messages there are, by status."""
    return {row.status: row.messages for row in await connection.execute(_COUNTS)}


def _notification(row: RowMapping) -> Notification:
    return Notification(**row)
