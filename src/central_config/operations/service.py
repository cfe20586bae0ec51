"""Jobs as operators see them, and the maintenance that keeps the database small."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from central_config.access.model import Caller
from central_config.access.service import purge_sessions
from central_config.audit import service as audit
from central_config.audit.model import Event
from central_config.core import idempotency
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, transaction
from central_config.core.jobs import store
from central_config.core.jobs.model import Job
from central_config.core.jobs.queue import JobQueue
from central_config.core.json import JSON
from central_config.core.problems import Problem
from central_config.operations.model import (
    KEEP_ANSWERS,
    KEEP_EXPIRED_SESSIONS,
    KEEP_FINISHED_JOBS,
    MAINTENANCE,
    MONTHS_AHEAD,
)


class Jobs:
    """Shows background jobs, and lets operators start, repeat and cancel them."""

    def __init__(self, database: Database, queue: JobQueue, clock: Clock) -> None:
        self._database = database
        self._queue = queue
        self._clock = clock

    async def page(
        self, conditions: Mapping[str, str], before: UUID | None, limit: int
    ) -> Sequence[Job]:
        """Return jobs, newest first; conditions are `status` and `kind`."""
        async with transaction(self._database) as connection:
            return await store.page(connection, conditions, before, limit)

    async def show(self, job_id: UUID) -> Job:
        """Return a job.

        Raises:
            Problem: `not-found`.
        """
        async with transaction(self._database) as connection:
            return await _found(connection, job_id)

    async def maintain(self, caller: Caller, which: str) -> Job:
        """Enqueue maintenance (a key of `MAINTENANCE`), or return the job that waits or runs."""
        kind = MAINTENANCE[which]
        async with transaction(self._database) as connection:
            job_id = await store.enqueue(connection, kind, {}, dedupe_key=kind)
            job = await _found(connection, job_id)
            await self._record(connection, caller, "job.requested", job)
        await self._queue.dispatch(job_id)
        return job

    async def retry(self, caller: Caller, job_id: UUID) -> Job:
        """Run a failed or cancelled job again, as if it were new.

        Raises:
            Problem: `not-found`; `wrong-state`.
        """
        async with transaction(self._database) as connection:
            job = await _found(connection, job_id)
            done = await store.retry(connection, job_id)
            if done is None:
                raise Problem("wrong-state", "a job for the same work waits or runs already")
            if not done:
                raise Problem(
                    "wrong-state", f"the job is {job.status}, neither failed nor cancelled"
                )
            job = await _found(connection, job_id)
            await self._record(connection, caller, "job.retried", job)
        await self._queue.dispatch(job_id)
        return job

    async def cancel(self, caller: Caller, job_id: UUID) -> Job:
        """Cancel a job that has not begun.

        Raises:
            Problem: `not-found`; `wrong-state`.
        """
        async with transaction(self._database) as connection:
            job = await _found(connection, job_id)
            if not await store.cancel(connection, job_id):
                raise Problem("wrong-state", f"the job is {job.status}, no longer queued")
            job = await _found(connection, job_id)
            await self._record(connection, caller, "job.cancelled", job)
        return job

    async def _record(self, connection: Connection, caller: Caller, action: str, job: Job) -> None:
        event = Event(action, f"job:{job.id}", caller.actor, details={"kind": job.kind})
        await audit.record(connection, [event], self._clock)


class Maintenance:
    """Deletes what is over and prepares what is to come."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def sessions(self) -> int:
        """Delete sign-ins that expired a week ago; return how many."""
        async with transaction(self._database) as connection:
            return await purge_sessions(connection, self._clock.now() - KEEP_EXPIRED_SESSIONS)

    async def answers(self) -> int:
        """Delete answers kept for repeated requests; return how many."""
        async with transaction(self._database) as connection:
            return await idempotency.purge(connection, self._clock.now() - KEEP_ANSWERS)

    async def jobs(self) -> int:
        """Delete jobs that ended a month ago; return how many."""
        async with transaction(self._database) as connection:
            return await store.purge(connection, self._clock.now() - KEEP_FINISHED_JOBS)

    async def audit_partitions(self) -> dict[str, JSON]:
        """Make the audit log's partitions of the coming months."""
        async with transaction(self._database) as connection:
            await audit.ensure_partitions(connection, MONTHS_AHEAD)
        return {"months_ahead": MONTHS_AHEAD}


async def _found(connection: Connection, job_id: UUID) -> Job:
    job = await store.find(connection, job_id)
    if job is None:
        raise Problem("not-found", f"there is no job {job_id}")
    return job
