"""Writing messages in the transaction of what they tell of, and showing them to operators."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from central_config.access.model import Caller
from central_config.audit import service as audit
from central_config.audit.model import Event
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, transaction
from central_config.core.jobs import store as jobs
from central_config.core.jobs.queue import JobQueue
from central_config.core.metrics import NOTIFICATIONS
from central_config.core.problems import Problem, invalid
from central_config.core.settings import Settings
from central_config.notifications import store
from central_config.notifications.model import FAILED, QUEUED, SENT, Message, Notification
from central_config.notifications.service.delivery import DELIVER
from central_config.notifications.service.reaching import SET_UP_SOMETHING, reach

_TEST_SUBJECT = "Test message of central-config"
_TEST_BODY = "{who} asked for this message, to see whether it arrives. There is nothing to do."


async def post(connection: Connection, messages: Sequence[Message]) -> list[UUID]:
    """Put messages into the outbox and enqueue their delivery, in the caller's transaction.

    Each message's target names one recipient (see `reach`). Returns ids of jobs to hand to
    `JobQueue.dispatch` after the commit; where nobody does, the sweeper takes some seconds longer.
    """
    written = [await store.insert(connection, message) for message in messages]
    if not any(written):
        return []
    # No dedupe key: a delivery that runs already may have looked into the outbox for the last time.
    return [await jobs.enqueue(connection, DELIVER, {})]


async def told_about(connection: Connection, about: str) -> list[str]:
    """Return the targets of all messages about something."""
    return await store.targets_about(connection, about)


class Notifications:
    """Shows the outbox, sends test messages, tries again."""

    def __init__(
        self, database: Database, queue: JobQueue, settings: Settings, clock: Clock
    ) -> None:
        self._database = database
        self._queue = queue
        self._settings = settings
        self._clock = clock

    async def page(
        self, conditions: Mapping[str, str], before: UUID | None, limit: int
    ) -> Sequence[Notification]:
        """Return messages, newest first; conditions are `status`, `channel` and `about`."""
        async with transaction(self._database) as connection:
            return await store.page(connection, conditions, before, limit)

    async def show(self, message_id: UUID) -> Notification:
        """Return a message.

        Raises:
            Problem: `not-found`.
        """
        async with transaction(self._database) as connection:
            return await _found(connection, message_id)

    async def test(self, caller: Caller, target: str) -> Sequence[Notification]:
        """Send a message that says it is a test to everybody the target stands for.

        Raises:
            Problem: `invalid-request` for a text that is no target, or one without a channel.
        """
        try:
            found = reach([target], self._settings)
        except ValueError as error:
            raise invalid("/target", str(error)) from None
        if not found.targets:
            reasons = "; ".join(found.unreachable)
            raise invalid("/target", reasons or f"no channel is set up: {SET_UP_SOMETHING}")
        body = _TEST_BODY.format(who=caller.principal.name)
        async with transaction(self._database) as connection:
            messages = [Message(each, _TEST_SUBJECT, body, about="test") for each in found.targets]
            job_ids = await post(connection, messages)
            written = await store.page(connection, {"about": "test"}, None, len(messages))
            await self._record(connection, caller, "notification.tested", target)
        await self._queue.dispatch(*job_ids)
        return written

    async def retry(self, caller: Caller, message_id: UUID) -> Notification:
        """Try a message again that failed, or at once one that waits.

        Raises:
            Problem: `not-found`; `wrong-state` for one that was sent.
        """
        async with transaction(self._database) as connection:
            await _found(connection, message_id)
            message = await store.retry(connection, message_id)
            if message is None:
                raise Problem("wrong-state", "the message was sent already")
            job_id = await jobs.enqueue(connection, DELIVER, {})
            await self._record(connection, caller, "notification.retried", message.target)
        await self._queue.dispatch(job_id)
        return message

    async def measure(self) -> None:
        """Set the metric of how many messages there are, by status."""
        async with transaction(self._database) as connection:
            found = await store.counts(connection)
        for status in (QUEUED, SENT, FAILED):
            NOTIFICATIONS.labels(status).set(found.get(status, 0))

    async def _record(
        self, connection: Connection, caller: Caller, action: str, target: str
    ) -> None:
        event = Event(action, f"notification:{target}", caller.actor)
        await audit.record(connection, [event], self._clock)


async def _found(connection: Connection, message_id: UUID) -> Notification:
    message = await store.find(connection, message_id)
    if message is None:
        raise Problem("not-found", f"there is no notification {message_id}")
    return message
