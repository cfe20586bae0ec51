"""What is measured in the database for everybody, and how it ages when nobody can look."""

import math
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

# Seconds after which counts of another moment are no answer any more.
STALE = 60.0


class Measures(NamedTuple):
    """What the database said at one moment.

    Args:
        jobs: how many have which status; every status is there.
        oldest_queued: seconds the job that has waited longest is overdue.
        beat_leaders: schedulers that lead; one is right.
        chain_intact: what the last verification of the audit log found; None: there was none.
        verified_ago: seconds since then.
    """

    jobs: Mapping[str, int]
    oldest_queued: float
    beat_leaders: int
    chain_intact: bool | None
    verified_ago: float | None


class LastKnown:
    """The last answer as it is to be understood now.

    Counts are NaN when they are too old to be true: then other replicas may know, and where none
    does, the alert about the database says why. The outcome of a verification stays true, and its
    age grows whether or not the database answers.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._found: Measures | None = None
        self._at = 0.0

    def take(self, found: Measures) -> None:
        """Take an answer of this moment."""
        self._found, self._at = found, self._now()

    def jobs(self, status: str) -> float:
        """Return how many jobs have a status."""
        found = self._fresh()
        return math.nan if found is None else found.jobs[status]

    def oldest_queued(self) -> float:
        """Return how long a job has been due and not begun, in seconds."""
        found = self._fresh()
        return math.nan if found is None else found.oldest_queued

    def beat_leaders(self) -> float:
        """Return how many schedulers lead."""
        found = self._fresh()
        return math.nan if found is None else found.beat_leaders

    def chain_intact(self) -> float:
        """Return 1 or 0 as the last verification of the audit log found; NaN before the first."""
        if self._found is None or self._found.chain_intact is None:
            return math.nan
        return float(self._found.chain_intact)

    def chain_check_age(self) -> float:
        """Return the seconds since that verification; +Inf: there was none, NaN: not known yet."""
        if self._found is None:
            return math.nan
        if self._found.verified_ago is None:
            return math.inf
        return self._found.verified_ago + self._now() - self._at

    def _fresh(self) -> Measures | None:
        return self._found if self._now() - self._at <= STALE else None
