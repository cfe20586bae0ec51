"""What happens to one job: claim its row, do the work, keep saying so, write how it ended."""

import asyncio
import contextlib
import select
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import NamedTuple
from uuid import UUID

import stamina
import structlog

from central_config.core.clock import SystemClock
from central_config.core.db import Connection, Database, lost_connection, open_database, transaction
from central_config.core.jobs import store
from central_config.core.jobs.model import DONE, FAILED, Job, JobContext, JobFailedError
from central_config.core.json import JSON
from central_config.core.problems import Problem
from central_config.core.settings import Settings
from central_config.core.tracing import tracer
from central_config.worker.places import LongPlaces
from central_config.worker.workshop import Workshop

log = structlog.get_logger(__name__)

# A job needs one connection for its work and one for its heartbeat.
_POOL = {"database_pool_size": 2, "database_max_overflow": 2}
# How long the end of a job is tried to be written while the database restarts; shorter than what
# makes the sweeper take the job for lost (seconds).
_WRITE_PATIENCE = 20.0


class Outcome(NamedTuple):
    """How a run ended: with a result, an error, or neither because it was cut short.

    `final`: running the job again would not help.
    """

    result: JSON = None
    error: str | None = None
    final: bool = False
    stopped: bool = False


async def run_job(
    job_id: UUID, settings: Settings, workshop: Workshop, stop_sign: int, places: LongPlaces
) -> None:
    """Run a job if it is still waiting to be run, and a long one only where it has a place.

    `stop_sign` is a file descriptor that becomes readable when the worker has to stop.
    """
    if _is_readable(stop_sign):
        return  # the sweeper sends it again
    database = _open(settings)
    try:
        async with transaction(database) as connection:
            job = await store.claim(connection, job_id)
        if job is not None:
            run = _Run(job, database, settings, workshop)
            with places.one() if run.long else contextlib.nullcontext(enter_result=True) as placed:
                if not placed:
                    await run.wait()
                    return
                async with _told(job, settings):
                    await run.carry_out(stop_sign)
    except Exception as error:
        if not lost_connection(error):
            raise
        log.warning("database lost, job is left to the sweeper", job=str(job_id))
    finally:
        await database.dispose()


class _Run:
    def __init__(self, job: Job, database: Database, settings: Settings, shop: Workshop) -> None:
        self._job = job
        self._database = database
        self._kind = shop.kind(job.kind)
        self._timing = shop.timing
        common = settings.celery_task_soft_time_limit
        self._limit = self._kind.limit or common
        # What asks for more time than a job usually gets is what others should not wait for.
        self.long = self._kind.long or self._limit > common
        self._news = asyncio.Event()
        self._given_up = False
        self._stopping = False
        self._context = JobContext(job, database, settings, SystemClock(), services=shop.services)
        self._context.progress.changed = self._news.set
        self._log = log.bind(job=str(job.id), kind=job.kind, attempt=job.attempts)

    async def wait(self) -> None:
        """Give the job back; the sweeper sends it again."""
        async with transaction(self._database) as connection:
            await store.put_back(connection, self._job, delay=self._timing.heartbeat, counted=False)

    async def carry_out(self, stop_sign: int) -> None:
        """Do the work and write how it ended."""
        self._log.info("job begins")
        work = asyncio.ensure_future(self._kind.run(self._context))
        keeper = asyncio.create_task(self._keep_alive(work))
        loop = asyncio.get_running_loop()
        loop.add_reader(stop_sign, self._stop, work, stop_sign)
        try:
            in_time = bool((await asyncio.wait({work}, timeout=self._limit))[0])
            if not in_time:
                work.cancel()
                await asyncio.wait({work}, timeout=self._timing.cleanup)
        finally:
            loop.remove_reader(stop_sign)
            keeper.cancel()
            await asyncio.wait({keeper})
        outcome = self._outcome(work, in_time=in_time)
        if outcome is not None:
            await self._write(outcome)

    def _stop(self, work: asyncio.Future[JSON], stop_sign: int) -> None:
        asyncio.get_running_loop().remove_reader(stop_sign)
        self._stopping = True
        work.cancel()

    async def _keep_alive(self, work: asyncio.Future[JSON]) -> None:
        """Write the heartbeat, sooner when the job reports; end the work when it is not ours."""
        report = self._context.progress
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._timing.heartbeat):
                    await self._news.wait()
            self._news.clear()
            try:
                async with transaction(self._database) as connection:
                    alive = await store.heartbeat(connection, self._job, report.share, report.note)
            except Exception as error:  # noqa: BLE001 - the next beat may succeed
                self._log.warning("heartbeat not written", error=type(error).__name__)
                alive = True
            if not alive:
                self._given_up = True
                work.cancel()
                return
            await asyncio.sleep(self._timing.progress)

    def _outcome(self, work: asyncio.Future[JSON], *, in_time: bool) -> Outcome | None:
        """Tell how the run ended; None when nothing may be written."""
        if self._given_up:
            self._log.warning("job was given to somebody else")
            return None
        if work.done() and not work.cancelled():
            error = work.exception()
            return Outcome(result=work.result()) if error is None else self._failure(error)
        if not in_time:
            return Outcome(error=f"stopped after its time limit of {self._limit:g} s", final=True)
        if work.done():
            stopped = self._stopping
            return Outcome(stopped=stopped, error=None if stopped else "the job cancelled itself")
        # It goes on until this process ends: nobody else may begin it before.
        self._log.warning("job does not end, is left to the sweeper")
        return None

    def _failure(self, error: BaseException) -> Outcome:
        if isinstance(error, JobFailedError):
            return Outcome(error=str(error), final=error.final)
        if isinstance(error, Problem):
            return Outcome(
                error=error.detail, final=error.status < HTTPStatus.INTERNAL_SERVER_ERROR
            )
        self._log.error("job failed", exc_info=error)
        return Outcome(error=describe(error, self._job))

    async def _write(self, outcome: Outcome) -> None:
        written = False
        patience = stamina.retry_context(on=lost_connection, attempts=None, timeout=_WRITE_PATIENCE)
        async for attempt in patience:
            with attempt:
                async with transaction(self._database) as connection:
                    written = await self._settle(connection, outcome)
        self._log.info("job ends" if written else "job had been given up", outcome=_words(outcome))

    async def _settle(self, connection: Connection, outcome: Outcome) -> bool:
        job, progress = self._job, self._context.progress.share
        if outcome.stopped:
            return await store.put_back(connection, job, counted=False)
        if outcome.error is None:
            full = None if progress is None else 1.0
            return await store.end(connection, job, DONE, result=outcome.result, progress=full)
        if outcome.final or job.attempts > self._kind.retries:
            return await store.end(connection, job, FAILED, error=outcome.error)
        delay = self._kind.delay(job.attempts)
        return await store.put_back(connection, job, delay=delay, error=outcome.error)


def describe(error: BaseException, job: Job) -> str:
    """Return what may be kept of an unexpected error.

    Its text may hold anything (a statement with its values, an address with its password), so it
    stays in the worker's log, except for the operating system's words ("No space left on device").
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}; the worker's log has the details under job={job.id}"


def _words(outcome: Outcome) -> str:
    if outcome.stopped:
        return "put back, the worker stops"
    return "done" if outcome.error is None else outcome.error


@contextlib.asynccontextmanager
async def _told(job: Job, settings: Settings) -> AsyncGenerator[None]:
    """Trace a run, where traces are on."""
    traces = tracer(settings, "central-config-worker")
    if traces is None:
        yield
        return
    try:
        with traces.span(f"job {job.kind}") as span:
            span.tell(central_config__job=str(job.id), central_config__attempt=job.attempts)
            yield
    finally:
        await asyncio.to_thread(traces.flush)


def _open(settings: Settings) -> Database:
    database = open_database(
        settings.require_database_url(),
        settings.model_copy(update=_POOL),
        application="central-config-worker",
    )
    # What a statement was given must not get into a log with the error.
    database.sync_engine.hide_parameters = True
    return database


def _is_readable(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])
