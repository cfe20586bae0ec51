"""The worker process: Celery's prefork pool, which runs one job after the other in each child."""

import asyncio
import logging
import os
import signal
import threading
import warnings
from types import FrameType
from typing import Any, cast
from uuid import UUID

import structlog
from celery import signals
from celery.apps.worker import Worker
from celery.exceptions import SecurityWarning
from celery.worker import state
from typing_extensions import override

from central_config.core.jobs.queue import TASK, create_celery
from central_config.core.logging import configure_logging
from central_config.core.process import die_with_parent
from central_config.core.settings import Settings
from central_config.core.tracing import require_tracing
from central_config.worker.places import LongPlaces
from central_config.worker.running import run_job
from central_config.worker.workshop import Workshop

log = structlog.get_logger(__name__)

# Two lines of Celery's for each message say nothing that ours do not.
_NOISY = ("celery.worker.strategy", "celery.app.trace")
_KILLED = 1  # exit code when jobs had to be abandoned


class StopSign:
    """A pipe made before the children: once it is raised all of them can read from it."""

    def __init__(self) -> None:
        self.descriptor, self._raise = os.pipe()

    def set(self) -> None:
        """Raise the sign, for good."""
        os.write(self._raise, b"!")


class JobWorker(Worker):
    """Celery's worker with signals of our own.

    SIGTERM and SIGINT: no further job is begun, running ones are cancelled and go back to their
    place in the queue, and in bounded time the process is gone, also when a job or the broker does
    not answer. Celery's own handlers wait for running jobs for ever, and restart on SIGHUP.
    """

    def __init__(self, app: Any, stop_sign: StopSign, within: float, **options: Any) -> None:  # noqa: ANN401 - Celery has no types
        self._stop_sign = stop_sign
        self._within = within
        super().__init__(app=app, **options)  # pyright: ignore[reportUnknownMemberType]

    @override
    def install_platform_tweaks(self, worker: Worker) -> None:
        """Install the handlers; called when the pool is about to start."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if state.should_stop is None:
            state.should_stop = 0
            self._stop_sign.set()
            last = threading.Timer(self._within, _give_up)
            last.daemon = True
            last.start()


def run(settings: Settings, workshop: Workshop | None = None) -> int:
    """Run jobs until SIGTERM or SIGINT; return the exit code."""
    configure_logging(settings)
    die_with_parent()
    settings.require_database_url()
    require_tracing(settings)
    cast("Any", signals).setup_logging.connect(_keep_logging)
    workshop, stop_sign = workshop or Workshop(), StopSign()
    app = create_app(settings, workshop, stop_sign)
    with warnings.catch_warnings():
        # About running as root: in a container or for the one-machine default that is normal, and
        # no message can hold code, for only JSON is accepted.
        warnings.filterwarnings("ignore", category=SecurityWarning)
        worker: Any = JobWorker(
            app,
            stop_sign,
            workshop.timing.stop_within,
            quiet=True,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
    worker.start()
    return worker.exitcode or 0


def create_app(settings: Settings, workshop: Workshop, stop_sign: StopSign) -> Any:  # noqa: ANN401 - as above
    """Return the Celery application of a worker, with its one task."""
    hard_limit = _hard_limit(settings, workshop)
    app = create_celery(
        settings.broker_url(),
        worker_pool="prefork",
        worker_concurrency=settings.celery_worker_concurrency,
        worker_prefetch_multiplier=settings.celery_worker_prefetch_multiplier,
        worker_enable_remote_control=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        task_acks_late=True,
        # A run ends itself at its own limit; this ends a child that does not even notice.
        task_time_limit=hard_limit,
        broker_transport_options={
            # A message is given to another worker only when its run cannot be alive any more; rows
            # are claimed once, so the second delivery of a message does nothing.
            "visibility_timeout": hard_limit + 600,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 25,
        },
    )

    places = LongPlaces(settings.celery_worker_concurrency)

    def run_one(job_id: str) -> None:
        asyncio.run(run_job(UUID(job_id), settings, workshop, stop_sign.descriptor, places))

    app.task(name=TASK)(run_one)
    return app


def _hard_limit(settings: Settings, workshop: Workshop) -> int:
    """Return the seconds after which no job runs any more: the longest limit and the same grace."""
    grace = settings.celery_task_time_limit - settings.celery_task_soft_time_limit
    longest = max(
        settings.celery_task_soft_time_limit,
        *(int(kind.limit or 0) for kind in workshop.kinds.values()),
    )
    return max(longest + grace, 1)


def _keep_logging(**_: object) -> None:
    """Be there: Celery then leaves the log as we have set it up."""
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _give_up() -> None:
    log.warning("jobs do not end, they are abandoned to the sweeper")
    os._exit(_KILLED)  # the children follow: the kernel ends them with this process
