"""How many requests one credential may make of this process."""

import time
from uuid import UUID

from central_config.access.model import Principal
from central_config.core.problems import Problem

# Meters kept; the one used longest ago is forgotten first, which forgives it at most one burst.
_KEPT = 20_000


class Meter:
    """The generic cell rate algorithm: one number says when the credential has paid its debt."""

    __slots__ = ("_burst", "_interval", "_paid")

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second
        # A second's worth at once: what a fleet that restarts asks for.
        self._burst = 1.0
        self._paid = 0.0

    def take(self, now: float) -> bool:
        """Take one request at `now` (monotonic seconds); False: too many."""
        if self._paid < now:
            self._paid = now
        elif self._paid - now > self._burst:
            return False
        self._paid += self._interval
        return True


class RateLimiter:
    """Meters by credential; `per_second` 0 means no limit."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._meters: dict[UUID, Meter] = {}

    def meter(self, principal: Principal) -> Meter | None:
        """Return the meter of a credential, a sign-in of a user having one of its own."""
        if not self._per_second:
            return None
        owner = principal.session_id or principal.id
        meter = self._meters.pop(owner, None) or Meter(self._per_second)
        while len(self._meters) >= _KEPT:
            del self._meters[next(iter(self._meters))]
        self._meters[owner] = meter
        return meter

    def check(self, principal: Principal) -> None:
        """Take one request.

        Raises:
            Problem: `too-many-requests`.
        """
        meter = self.meter(principal)
        if meter is not None and not meter.take(time.monotonic()):
            detail = f"this credential may make {self._per_second} requests a second here"
            raise Problem("too-many-requests", detail, retry_after=1)
