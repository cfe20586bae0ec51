"""Background jobs as operators see them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from central_config.access.model import Caller
from central_config.audit import service as audit
from central_config.audit.model import Event
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, transaction
from central_config.core.jobs import schedules, store
from central_config.core.jobs.model import Job
from central_config.core.jobs.queue import JobQueue
from central_config.core.json import JSON
from central_config.core.problems import Problem
from central_config.operations.model.plan import MAINTENANCE

EMPTY: Mapping[str, JSON] = {}


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

    async def maintain(
        self, caller: Caller, which: str, arguments: Mapping[str, JSON] = EMPTY
    ) -> Job:
        """Enqueue maintenance (a key of `MAINTENANCE`), or return the job that waits or runs.

        Raises:
            Problem: `wrong-state` when that one does not do what is asked for.
        """
        kind = MAINTENANCE[which]
        job = await self._begin(caller, kind, arguments, kind)
        if arguments and job.arguments != arguments:
            detail = f"job {job.id} does this maintenance already, otherwise than asked for"
            raise Problem("wrong-state", detail)
        return job

    async def start(self, caller: Caller, name: str) -> Job:
        """Enqueue now what a schedule enqueues, or return that job when it waits or runs.

        Raises:
            Problem: `not-found`.
        """
        async with transaction(self._database) as connection:
            planned = await schedules.find(connection, name)
        if planned is None:
            raise Problem("not-found", f"there is no schedule {name}")
        return await self._begin(caller, planned.kind, planned.arguments, name)

    async def _begin(
        self, caller: Caller, kind: str, arguments: Mapping[str, JSON], dedupe_key: str
    ) -> Job:
        async with transaction(self._database) as connection:
            job_id = await store.enqueue(connection, kind, arguments, dedupe_key=dedupe_key)
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


async def _found(connection: Connection, job_id: UUID) -> Job:
    job = await store.find(connection, job_id)
    if job is None:
        raise Problem("not-found", f"there is no job {job_id}")
    return job
