"""Finding what was forgotten: runs whose worker died, and jobs whose message was lost."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from central_config.core.db import Connection
from central_config.core.jobs import store
from central_config.core.jobs.model import FAILED
from central_config.core.jobs.queue import JobQueue
from central_config.worker.workshop import Workshop

log = structlog.get_logger(__name__)

# What one sweep takes; the next one takes the rest.
_MOST = 1000


async def sweep(connection: Connection, queue: JobQueue, workshop: Workshop) -> None:
    """Put lost runs back, and send the ids of waiting jobs that seem to have no message."""
    timing = workshop.timing
    async with connection.begin():
        again = await _put_back_lost(connection, workshop)
    await queue.dispatch(*again)
    async with connection.begin():
        waiting = await store.overdue(connection, timing.picked_up, _MOST)
    if waiting:
        await _send_missing(waiting, queue)


async def _put_back_lost(connection: Connection, workshop: Workshop) -> list[UUID]:
    again: list[UUID] = []
    for run in await store.lost(connection, workshop.timing.lost_after, _MOST):
        words = f"the worker ended in the middle of run {run.attempts}"
        if run.attempts > workshop.kind(run.kind).retries:
            await store.end(connection, run, FAILED, error=words)
        else:
            await store.put_back(connection, run, error=words)
            again.append(run.id)
        log.warning("job was lost", job=str(run.id), kind=run.kind, attempt=run.attempts)
    return again


async def _send_missing(waiting: Sequence[UUID], queue: JobQueue) -> None:
    """Send as many as the queue holds messages too few.

    Where workers are merely busy, the messages are there and nothing is sent: else every sweep
    would add one for every waiting job. A message too many does no harm: a job is claimed once.
    """
    length = await queue.length()
    if length is None or length >= len(waiting):
        return
    missing = waiting[: len(waiting) - length]
    if await queue.dispatch(*missing):
        log.info("messages of waiting jobs sent again", jobs=len(missing))
