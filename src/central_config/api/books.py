"""What a replica measures and writes down regularly."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import structlog

log = structlog.get_logger(__name__)

# Seconds between two turns.
TURN = 10


class Entry(NamedTuple):
    """Something kept: what it is, how it is done, and at which turns (every one, every sixth)."""

    name: str
    keep: Callable[[], Awaitable[None]]
    every: int = 1


class Books:
    """Keeps each entry by itself: one that fails is tried again in its next turn."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._task = asyncio.create_task(self._keep(), name="books")

    async def stop(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        for turn in itertools.count():
            for entry in self._entries:
                if turn % entry.every == 0:
                    await self._keep_one(entry)
            await asyncio.sleep(TURN)

    async def _keep_one(self, entry: Entry) -> None:
        try:
            await entry.keep()
        except Exception as error:  # noqa: BLE001 - tried again in ten seconds
            log.warning("books not kept", entry=entry.name, error=repr(error))
