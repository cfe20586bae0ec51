"""When to try again, and in which way."""

import random
from collections.abc import Callable
from typing import Literal

from central_config_client.current import Clock

Way = Literal["stream", "poll", "read"]
WAYS: tuple[Way, ...] = ("stream", "poll", "read")

# Vain attempts, one after the other, after which a way counts as blocked.
STRIKES = 2
LONGEST_PATIENCE = 20
# First wait after a failure (s).
BASE = 0.5


class Backoff:
    """Waiting times that grow with each failure, with chance in them.

    Many clients lose the same server at the same moment; they should not come back at the same
    moment.

    Args:
        longest: seconds.
        chance: returns numbers from 0 to 1.
    """

    def __init__(self, longest: float, chance: Callable[[], float] = random.random) -> None:
        self._longest = longest
        self._chance = chance
        self._failures = 0

    def succeeded(self) -> None:
        """Begin anew."""
        self._failures = 0

    def soon(self, retry: float) -> float:
        """Return the seconds to wait after a connection that worked and ended."""
        return self._chance() * min(retry, self._longest)

    def failed(self, retry_after: float | None = None) -> float:
        """Return the seconds to wait after a failure, at least what the server asked for."""
        # Beyond 2 ** 16 the limit holds anyway.
        grown = BASE * 2.0 ** min(self._failures, 16)
        self._failures += 1
        wait = min(grown, self._longest) * (0.5 + self._chance() / 2)
        if retry_after is None:
            return wait
        return max(wait, retry_after * (1 + self._chance() / 5))


class Ladder:
    """Which way to follow: a stream, else long polls, else reads at intervals.

    A way that fails in vain goes one rung down; after a while the stream is tried again, and
    later each time it fails. Once it is proven, that is the way again.

    Args:
        patience: seconds before the stream is tried again.
        clock: seconds that only go forward.
    """

    def __init__(self, patience: float, clock: Clock) -> None:
        self._clock = clock
        self._first_patience = self._patience = patience
        self._rung = self._strikes = 0
        self._again_at = 0.0

    def choose(self) -> Way:
        """Return the way to go now."""
        return WAYS[0 if self._clock() >= self._again_at else self._rung]

    def left(self) -> float:
        """Return the seconds until the stream is to be tried again."""
        return self._again_at - self._clock()

    def proven(self, way: Way) -> None:
        """Note that a way works."""
        self._strikes = 0
        if way == WAYS[0]:
            self._rung, self._patience = 0, self._first_patience

    def blocked(self, way: Way, strikes: int = 1) -> None:
        """Note that a way failed though the server was there; `STRIKES` of it are enough."""
        tried = WAYS.index(way)
        # One vain attempt to climb up again is enough.
        self._strikes += strikes * STRIKES if tried < self._rung else strikes
        if self._strikes >= STRIKES and tried < len(WAYS) - 1:
            self._rung, self._strikes = tried + 1, 0
            self._put_off()

    def _put_off(self) -> None:
        self._again_at = self._clock() + self._patience
        self._patience = min(self._patience * 2, self._first_patience * LONGEST_PATIENCE)
