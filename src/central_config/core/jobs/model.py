"""What a job is, what kinds of jobs are, and what a running job is given."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from central_config.core.clock import Clock
from central_config.core.db import Database
from central_config.core.json import JSON
from central_config.core.settings import Settings

T = TypeVar("T")

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
STATUSES = (QUEUED, RUNNING, DONE, FAILED, CANCELLED)

_LONGEST_DELAY = 600.0  # seconds


class Job(msgspec.Struct, frozen=True):
    """One job. `progress` is a share from 0 to 1; `attempts` counts the runs that were begun."""

    id: UUID
    kind: str
    arguments: dict[str, JSON]
    status: str
    attempts: int
    progress: float | None
    note: str
    result: JSON
    error: str | None
    dedupe_key: str | None
    created_at: datetime
    run_after: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None
    finished_at: datetime | None


class JobStats(NamedTuple):
    """Jobs by status, and the seconds the one that has waited longest is overdue."""

    counts: Mapping[str, int]
    oldest_queued_seconds: float


class JobFailedError(Exception):
    """Why a run failed, in words that are kept with the job and shown to operators.

    They never hold a secret. `final`: running the job again would not help.
    """

    def __init__(self, words: str, *, final: bool = True) -> None:
        super().__init__(words)
        self.final = final


@dataclass
class Reporter:
    """Where a job says how far it is; `changed` is called at each report."""

    share: float | None = None
    note: str = ""
    changed: Callable[[], None] = lambda: None

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Report that `done` of `total` units are done; cheap, may be called in every loop."""
        self.share = min(max(done / total, 0.0), 1.0) if total > 0 else None
        self.note = note
        self.changed()


Services = Mapping[type, Callable[["JobContext"], Any]]


@dataclass(frozen=True)
class JobContext:
    """What a running job works with. The pool is the job's own and closed after it."""

    job: Job
    database: Database
    settings: Settings
    clock: Clock
    progress: Reporter = field(default_factory=Reporter)
    services: Services = field(default_factory=dict[type, Callable[["JobContext"], Any]])

    @property
    def arguments(self) -> Mapping[str, JSON]:
        """What the job was enqueued with."""
        return self.job.arguments

    def service(self, kind: type[T]) -> T:
        """Return a new service of that type; the worker knows how to build the common ones."""
        return self.services[kind](self)


@dataclass(frozen=True)
class JobKind:
    """A sort of work.

    Args:
        name: `feature.what`, as rows and operators name it.
        run: does the work and returns a JSON value to keep. It must be repeatable: a job whose
            worker died is run again. It must not block the event loop for more than some seconds
            (`asyncio.to_thread` for what does), else it is taken for lost. When it is cancelled
            (time limit, worker stops) it has about three seconds to clean up.
        retries: further runs after one that failed or was lost.
        limit: seconds a run may take; None is CELERY_TASK_SOFT_TIME_LIMIT.
        long: it leaves a place to others, as does what asks for more time than is common.
        first_delay: seconds before the second run; doubled before each further one.
    """

    name: str
    run: Callable[[JobContext], Awaitable[JSON]]
    retries: int = 3
    limit: float | None = None
    first_delay: float = 5.0
    long: bool = False

    def delay(self, attempts: int) -> float:
        """Return the seconds to wait after that many runs."""
        return min(self.first_delay * 2 ** max(attempts - 1, 0), _LONGEST_DELAY)


@dataclass(frozen=True)
class Schedule:
    """Work that is enqueued every so many seconds; also the key that keeps it from piling up.

    `first_after` (seconds): how long after it became part of the plan it runs for the first time,
    so that a new installation does not begin with everything at once.
    """

    name: str
    kind: str
    every_seconds: int
    arguments: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    first_after: int = 0
