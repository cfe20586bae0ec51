"""Keeps what this process holds in memory within a bound: idle workspaces are put away.

A workspace that is put away is loaded again at its next use. Those that are read, written or
watched stay, so the bound may be exceeded where all are in use.
"""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

import structlog

from central_config.configurations.cache import Snapshots
from central_config.configurations.model.footprint import footprint
from central_config.configurations.model.state import WorkspaceState
from central_config.core.metrics import SNAPSHOT_BYTES, SNAPSHOT_EVICTIONS, SNAPSHOTS_HELD

log = structlog.get_logger(__name__)

# How often it is looked at what is held (seconds).
SWEEP_EVERY = 5.0
# A workspace that nobody used for so long is idle (seconds). Readers count as users only when
# their tickets are renewed, several times a second.
IDLE_AFTER = 5.0
# While the database has not answered for so long nothing is put away: it could not come back.
_AWAY_AFTER = 3.0
# Workspaces measured between two pauses.
_AT_ONCE = 50


class _Measured(NamedTuple):
    state: WorkspaceState
    revision: int
    looked: float
    size: int


class MemoryBound:
    """Measures what is held, and puts away what is too much. `limit`: bytes; 0 = no bound."""

    def __init__(self, snapshots: Snapshots, limit: int, watched: Callable[[UUID], bool]) -> None:
        self._snapshots = snapshots
        self._limit = limit
        self._watched = watched
        self._measured: dict[UUID, _Measured] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look; needs a running event loop."""
        self._task = asyncio.create_task(self._run(), name="snapshot-memory")

    async def stop(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            try:
                await self.sweep()
            except Exception:
                log.exception("snapshots could not be measured")

    async def sweep(self) -> None:
        """Measure what is held; put away what was idle longest until the rest fits."""
        await self._measure()
        past = sum(footprint(state) for state in self._snapshots.past)
        size = past + self._size()
        if self._limit and size > self._limit:
            self._snapshots.forget_past()
            size -= past
            if self._snapshots.age < _AWAY_AFTER:
                size = self._put_away(size)
        SNAPSHOTS_HELD.set(len(self._snapshots.held))
        SNAPSHOT_BYTES.set(size)

    async def _measure(self) -> None:
        held = self._snapshots.held
        self._measured = {each: self._measured[each] for each in held if each in self._measured}
        for position, (workspace_id, state) in enumerate(held.items()):
            known = self._measured.get(workspace_id)
            if known is None or self._moved(workspace_id, known, state):
                self._measured[workspace_id] = _measure(state)
            if position % _AT_ONCE == 0:
                await asyncio.sleep(0)

    def _moved(self, workspace_id: UUID, known: _Measured, state: WorkspaceState) -> bool:
        """Tell whether a workspace may take more or less room than when it was measured."""
        if known.state is not state or known.revision != state.revision:
            return True
        return self._snapshots.used(workspace_id) >= known.looked

    def _size(self) -> int:
        return sum(each.size for each in self._measured.values())

    def _put_away(self, size: int) -> int:
        """Put away idle workspaces until what is held fits; return what is left."""
        order = sorted(self._measured, key=self._snapshots.used)
        idle_before = time.monotonic() - IDLE_AFTER
        # The one used last stays, even if it is too large by itself: it would come back at once.
        for workspace_id in order[:-1]:
            if size <= self._limit or self._snapshots.used(workspace_id) > idle_before:
                break
            if not self._watched(workspace_id) and self._snapshots.put_away(workspace_id):
                size -= self._measured.pop(workspace_id).size
                SNAPSHOT_EVICTIONS.inc()
        return size


def _measure(state: WorkspaceState) -> _Measured:
    return _Measured(state, state.revision, time.monotonic(), footprint(state))
