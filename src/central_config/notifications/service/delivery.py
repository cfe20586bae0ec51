"""Sending what waits in the outbox, at least once: who gets a message twice can tell by its id.

Each message has a transaction of its own, which holds its row while it is sent. So one that is not
taken, or is slow, keeps up no other for long, and a worker that dies leaves it as it was.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

import structlog

from central_config.core.clock import rfc3339
from central_config.core.db import Connection, Database, transaction
from central_config.core.jobs import store as jobs
from central_config.core.settings import Settings
from central_config.notifications import store
from central_config.notifications.model import (
    MAIL,
    MOST_ATTEMPTS,
    SLACK,
    WEBHOOK,
    DeliveryError,
    Notification,
    delay_after,
    parse_target,
)
from central_config.notifications.service.channels import mail, slack, webhook
from central_config.notifications.service.reaching import missing

log = structlog.get_logger(__name__)

DELIVER = "notifications.deliver"

Send = Callable[[Notification, Settings], Awaitable[None]]

_CHANNELS: Mapping[str, Send] = {SLACK: slack.send, MAIL: mail.send, WEBHOOK: webhook.send}
# Seconds one attempt may take: shorter than the database lets a transaction idle (30).
_PATIENCE = 20.0
# Seconds after which a delivery leaves the rest to the next one, well before its job's limit.
_LONG_ENOUGH = 90.0
# Messages at a time. A job has four connections; one of them says that it is alive.
_LANES = 3
KEEP_DAYS = 90
# Seconds within which messages that wait are tried by one job.
_TOGETHER = 5


class Deliverer:
    """Sends messages."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    async def deliver(self) -> dict[str, int]:
        """Send all that is due; return how many messages were sent, put off and given up."""
        tally = {"sent": 0, "put_off": 0, "failed": 0}
        until = time.monotonic() + _LONG_ENOUGH
        await asyncio.gather(*(self._lane(tally, until) for _ in range(_LANES)))
        if time.monotonic() >= until:
            async with transaction(self._database) as connection:
                await jobs.enqueue(connection, DELIVER, {})
        return tally

    async def tidy(self) -> int:
        """Delete messages that have been over for three months; return how many."""
        async with transaction(self._database) as connection:
            return await store.purge(connection, KEEP_DAYS)

    async def _lane(self, tally: dict[str, int], until: float) -> None:
        while time.monotonic() < until:
            async with transaction(self._database) as connection:
                message = await store.claim(connection)
                if message is None:
                    return
                tally[await self._attempt(connection, message)] += 1

    async def _attempt(self, connection: Connection, message: Notification) -> str:
        """Try to send a claimed message and write down how that went."""
        noted = log.bind(notification=str(message.id), channel=message.channel)
        error = await self._send(message)
        if error is None:
            await store.mark_sent(connection, message.id)
            noted.info("notification sent", about=message.about)
            return "sent"
        words, attempts = str(error), message.attempts + 1
        if error.final or attempts >= MOST_ATTEMPTS:
            await store.mark_failed(connection, message.id, words)
            noted.error("notification given up", reason=words, attempts=attempts)
            return "failed"
        due = await store.put_off(connection, message.id, words, delay_after(attempts))
        await _later(connection, due)
        noted.warning("notification put off", reason=words, attempts=attempts)
        return "put_off"

    async def _send(self, message: Notification) -> DeliveryError | None:
        """Send; return why not. Only the type of what we did not foresee: its text may tell."""
        reason = missing(parse_target(message.target), self._settings)
        if reason is not None:
            return DeliveryError(reason, final=True)
        send = _CHANNELS[message.channel]
        try:
            async with asyncio.timeout(_PATIENCE):
                await send(message, self._settings)
        except DeliveryError as error:
            return error
        except TimeoutError:
            return DeliveryError(f"no answer within {_PATIENCE:g} s")
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are sent
            return DeliveryError(f"not sent: {type(error).__name__}")
        return None


async def _later(connection: Connection, due: datetime) -> None:
    """Enqueue a delivery for then: one for all messages that are due within the same seconds."""
    moment = datetime.fromtimestamp(-(-due.timestamp() // _TOGETHER) * _TOGETHER, UTC)
    key = f"{DELIVER}@{rfc3339(moment)}"
    await jobs.enqueue(connection, DELIVER, {}, dedupe_key=key, run_after=moment)
