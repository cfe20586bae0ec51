"""The scheduler: enqueues what is due and sweeps up what was forgotten. Any number run, one leads.

This is not Celery's beat. That one keeps its schedule in a file and has no notion of a leader; the
truth about ours is in PostgreSQL. So the leader holds an advisory lock there, and does all of its
work on the connection that holds it: a leader that lost the lock has lost the means to write too.
"""

import asyncio
import contextlib
import signal

import structlog
from sqlalchemy import text

from central_config.core.db import Connection, Database, lost_connection, open_database
from central_config.core.jobs import schedules
from central_config.core.jobs.queue import JobQueue
from central_config.core.logging import configure_logging
from central_config.core.process import die_with_parent
from central_config.core.settings import Settings
from central_config.worker.sweeper import sweep
from central_config.worker.workshop import Workshop

log = structlog.get_logger(__name__)

# An arbitrary number that is ours ("ccfb" in ASCII).
_LOCK = text("SELECT pg_try_advisory_lock(1667458658)")
# The server must notice within half a minute that a leader's machine is gone; over a unix socket,
# where it notices at once, these are ignored.
_KEEPALIVE = text("""
    SELECT set_config('tcp_keepalives_idle', '10', false),
           set_config('tcp_keepalives_interval', '5', false),
           set_config('tcp_keepalives_count', '3', false)
""")
_POOL = {"database_pool_size": 1, "database_max_overflow": 0}
_AFTER_FAULT = 5.0  # seconds


def run(settings: Settings, workshop: Workshop | None = None) -> int:
    """Run until SIGTERM or SIGINT; return the exit code."""
    configure_logging(settings)
    die_with_parent()
    # A transaction pooler would lend the connection with the lock to others: go past it.
    url = settings.require_database_url()
    if settings.database_listen_url is not None:
        url = settings.database_listen_url.get_secret_value()
    database = open_database(
        url, settings.model_copy(update=_POOL), application="central-config-beat"
    )
    beat = Beat(database, JobQueue.of(settings), workshop or Workshop())
    asyncio.run(beat.run())
    return 0


class Beat:
    """One scheduler: leads or stands by."""

    def __init__(self, database: Database, queue: JobQueue, workshop: Workshop) -> None:
        self._database = database
        self._queue = queue
        self._workshop = workshop
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Stand by and lead until a signal to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        try:
            while not self._stop.is_set():
                await self._pause(await self._attempt())
        finally:
            await self._queue.close()
            await self._database.dispose()

    async def _attempt(self) -> float:
        """Lead for as long as possible if nobody does; return the seconds to wait."""
        try:
            async with self._database.connect() as connection:
                if (await connection.execute(_LOCK)).scalar_one():
                    await self._lead_and_let_go(connection)
        except Exception as error:
            if lost_connection(error):
                log.warning("scheduler lost its database", error=type(error).__name__)
                return self._workshop.timing.tick
            log.exception("scheduler failed")
            return _AFTER_FAULT
        return self._workshop.timing.tick

    async def _lead_and_let_go(self, connection: Connection) -> None:
        try:
            await self._lead(connection)
        finally:
            with contextlib.suppress(Exception):
                await connection.invalidate()  # back in the pool it would keep the lock

    async def _lead(self, connection: Connection) -> None:
        await connection.execute(_KEEPALIVE)
        await schedules.declare(connection, self._workshop.schedule)
        await connection.commit()
        log.info("this scheduler leads")
        loop, sweep_due = asyncio.get_running_loop(), 0.0
        while not self._stop.is_set():
            async with connection.begin():
                job_ids = await schedules.enqueue_due(connection)
            await self._queue.dispatch(*job_ids)
            if loop.time() >= sweep_due:
                sweep_due = loop.time() + self._workshop.timing.sweep_every
                await sweep(connection, self._queue, self._workshop)
            await self._pause(self._workshop.timing.tick)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
