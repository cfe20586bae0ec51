"""What worker and beat are made of: the kinds they know, and how patient they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from central_config.core.jobs.model import JobContext, JobFailedError, JobKind, Schedule, Services
from central_config.core.json import JSON
from central_config.worker.kinds import KINDS, SCHEDULE, SERVICES


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How long things may take; all in seconds."""

    heartbeat: float = 5.0
    """A running job says that it is alive."""
    progress: float = 1.0
    """Reports of a job are not written more often."""
    lost_after: float = 30.0
    """A job that was silent for so long is given to somebody else."""
    cleanup: float = 3.0
    """What a cancelled job has to end."""
    stop_within: float = 9.0
    """A worker told to stop is gone; supervisors kill soon after."""
    sweep_every: float = 10.0
    """The sweeper looks for what was forgotten."""
    picked_up: float = 3.0
    """A job that is due and not begun by then may have lost its message."""
    tick: float = 1.0
    """The schedule is looked at, and a standby asks whether it may lead."""


async def _unknown(context: JobContext) -> JSON:
    message = f"this version of the worker does not know jobs of the kind {context.job.kind}"
    raise JobFailedError(message, final=False)


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """The kinds of jobs, the schedule and the services a worker or beat works with."""

    kinds: Mapping[str, JobKind] = field(default_factory=lambda: KINDS)
    schedule: Sequence[Schedule] = SCHEDULE
    services: Services = field(default_factory=lambda: SERVICES)
    timing: Timing = Timing()

    def kind(self, name: str) -> JobKind:
        """Return the kind; one that is not known fails, and later versions may know it."""
        return self.kinds.get(name) or JobKind(name, _unknown)
