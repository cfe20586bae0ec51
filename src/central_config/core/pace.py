"""Long computations that let others have the event loop.

Such a computation is a generator: it yields every few hundredths of a millisecond, and returns
what it found. Run `at_once` it is as quick as a plain function; `unhurried` it gives way whenever
it has used its budget. What it looks at must not be changed by others meanwhile.
"""

import asyncio
import time
from collections.abc import Generator
from typing import TypeVar

Found = TypeVar("Found")
Steps = Generator[None, None, Found]

# How long it works at a time where nobody else wants to (seconds).
BUDGET = 0.00025
# How much of the processor it takes, and how long at a time at most, where others do: it may hold
# a lock in the database, which must not last for ever.
SHARE = 0.25
LONGEST = 0.002
# How long it lets go of the interpreter too: the server's own thread, which brings requests in,
# would otherwise get it only by asking for it, and wait its turn for each request (seconds).
LET_GO = 0.00005
# How many small steps make one that is worth a look at the clock.
STRIDE = 16


class Pace:
    """Counts the time a computation has had the event loop."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._budget = BUDGET

    async def breathe(self) -> None:
        """Let others work if it is their turn."""
        now = time.perf_counter()
        if now - self._began < self._budget:
            return
        time.sleep(LET_GO)  # noqa: ASYNC251 - letting the event loop go on is not enough
        await asyncio.sleep(0)
        self._began = time.perf_counter()
        self._budget = min(max(BUDGET, (self._began - now) * SHARE), LONGEST)


async def unhurried(steps: Steps[Found]) -> Found:
    """Run a computation to its end, giving way to others."""
    pace = Pace()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        await pace.breathe()


def at_once(steps: Steps[Found]) -> Found:
    """Run a computation to its end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
