"""How many may ask the engine at once, and how many may wait for it."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from central_config.assistant.service.engine import EngineBusyError

# How many wait for each that is served; more would only wait for nothing.
WAITING_FOR_EACH = 4


class Seats:
    """Bounds the questions under way and the questions that wait."""

    def __init__(self, number: int) -> None:
        self._free = asyncio.Semaphore(number)
        self._room = number * WAITING_FOR_EACH
        self._waiting = 0

    @contextlib.asynccontextmanager
    async def taken(self, patience: float) -> AsyncGenerator[None]:
        """Hold a seat for the block; wait for it no longer than `patience` seconds.

        Raises:
            EngineBusyError: too many wait already, or none became free in time.
        """
        await self._wait(patience)
        try:
            yield
        finally:
            self._free.release()

    async def _wait(self, patience: float) -> None:
        if self._waiting >= self._room:
            raise EngineBusyError("the AI engine is busy: too many questions wait for it")
        self._waiting += 1
        try:
            async with asyncio.timeout(patience):
                await self._free.acquire()
        except TimeoutError:
            said = f"the AI engine is busy: no answer ended within {patience:.0f} s"
            raise EngineBusyError(said) from None
        finally:
            self._waiting -= 1
