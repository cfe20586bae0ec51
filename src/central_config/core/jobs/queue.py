"""Handing the ids of jobs to Celery.

The message is a hint: the row in PostgreSQL is the job. So a message that cannot be sent is logged
and left to the sweeper, and a caller never waits long for a queue that is gone.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from uuid import UUID

import structlog

from central_config.core.settings import Settings

log = structlog.get_logger(__name__)

T = TypeVar("T")

TASK = "central_config.run_job"
QUEUE = "central_config_jobs"

# Seconds a caller waits for the queue, and seconds until a socket to it is given up.
_PATIENCE = 2.0
_SOCKET_TIMEOUT = 2.0


def create_celery(broker_url: str, **options: Any) -> Any:  # noqa: ANN401 - Celery has no types
    """Return a Celery application as producers and workers share it; nothing connects yet."""
    # Half a second of imports that a process pays only when it has to do with jobs.
    from celery import Celery  # noqa: PLC0415

    app: Any = Celery("central_config", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_default_queue=QUEUE,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        result_backend=None,
        broker_connection_retry_on_startup=True,
        **options,
    )
    return app


class JobQueue:
    """The producers' end of the queue.

    Args:
        broker_url: where it is; None where none is configured: every job is left to the sweeper.
    """

    def __init__(self, broker_url: str | None) -> None:
        self._broker_url = broker_url
        self._app: Any = None
        # One thread: a queue that does not answer must not use up those of the event loop.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="job-queue")

    @classmethod
    def of(cls, settings: Settings) -> "JobQueue":
        """Return the queue of the settings."""
        absent = settings.celery_broker_url is None and settings.redis_url is None
        return cls(None if absent else settings.broker_url())

    async def dispatch(self, *job_ids: UUID) -> bool:
        """Send the ids of committed jobs to the workers; False: the sweeper will have to."""
        return bool(job_ids) and await self._do(self._send, job_ids) is not None

    async def length(self) -> int | None:
        """Return how many messages no worker has taken yet; None when the queue is gone."""
        return await self._do(self._count)

    async def close(self) -> None:
        """Close what was opened; messages under way may be lost, which the sweeper repairs."""
        if self._app is not None:
            await self._do(self._app.close)
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _do(self, act: Callable[..., T], *arguments: object) -> T | None:
        if self._broker_url is None:
            return None
        loop = asyncio.get_running_loop()
        try:
            if self._app is None:  # importing is our own slowness, not the queue's
                await loop.run_in_executor(self._thread, self._prepare)
            answer = loop.run_in_executor(self._thread, act, *arguments)
            async with asyncio.timeout(_PATIENCE):
                return await answer
        except Exception as error:  # noqa: BLE001 - the library has no common ancestor for "gone"
            # Only the type: the text may hold the address with its password.
            log.warning("job queue does not answer", error=type(error).__name__)
            return None

    def _prepare(self) -> None:
        if self._app is None:
            options = {
                "socket_connect_timeout": _SOCKET_TIMEOUT,
                "socket_timeout": _SOCKET_TIMEOUT,
            }
            self._app = create_celery(str(self._broker_url), broker_transport_options=options)

    def _send(self, job_ids: Sequence[UUID]) -> int:
        with self._app.producer_or_acquire() as producer:
            for job_id in job_ids:
                self._app.send_task(TASK, args=[str(job_id)], producer=producer, retry=False)
        return len(job_ids)

    def _count(self) -> int:
        with self._app.connection_for_write() as connection:
            return connection.default_channel.queue_declare(QUEUE).message_count
