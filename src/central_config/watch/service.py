"""How a notification works: a watch opens here, the relay brings revisions, the hub tells."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

from central_config.access.model import Caller
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service import Snapshots
from central_config.configurations.service.reading import Reading, narrow
from central_config.core.problems import Problem
from central_config.watch.hub import Hub, Watcher, changes_since, snapshot
from central_config.watch.model import Heard, Past, Subject

# A client further behind than this gets a snapshot: replaying costs more than starting anew.
REPLAY_REVISIONS = 1000
# Seconds after which an answer that takes long asks again whether its caller still may have it.
RECHECK = 1.0

Recheck = Callable[[], Awaitable[None]]


class Polled(NamedTuple):
    """The answer to a long poll: where to ask from next, and what happened."""

    revision: int
    events: list[Heard]


class Watching:
    """Opens watches."""

    def __init__(self, snapshots: Snapshots, reading: Reading, hub: Hub) -> None:
        self._snapshots = snapshots
        self._reading = reading
        self._hub = hub
        self._reaching: dict[UUID, asyncio.Lock] = {}

    async def open(
        self, caller: Caller, slug: str, prefix: str, since: int | None
    ) -> tuple[Watcher, list[Heard]]:
        """Return a watcher that hears of everything from now on, and what came before that.

        `since` None: a snapshot first. A revision: everything after it, or a snapshot where
        history does not reach back so far.

        Raises:
            Problem: `environment-not-found`, `permission-denied`.
        """
        state = await self._snapshots.knowing(caller.place.id, [slug])
        if since is not None and since > state.revision:
            state = await self._snapshots.fresh(caller.place.id)
        environment = self._reading.find(caller, state, slug)
        narrowed = narrow(caller, prefix)
        if narrowed is None:
            raise Problem("permission-denied", f"the scope of this key does not hold {prefix}")
        scope = caller.principal.scope
        reveal = caller.delivers(slug, "" if scope is None else scope.key_prefix)
        subject = Subject(caller.place.id, environment.id, narrowed, reveal)
        watcher = Watcher(subject, caller.place.slug)
        reaches = since is not None and await self._reach_back(state, since)
        # From here on nothing waits: no revision can fall between the backlog and the watch.
        present = self._snapshots.peek(caller.place.id) or state
        timeline = self._hub.timeline(present)
        backlog: list[Heard] = []
        if since is not None and reaches and timeline.start <= since <= present.revision:
            backlog = changes_since(timeline, subject, since)
        else:
            first = snapshot(present, watcher)
            backlog = [] if first is None else [first]
        self._hub.add(watcher)
        return watcher, backlog

    def close(self, watcher: Watcher) -> None:
        """Forget a watch whose client is gone."""
        self._hub.remove(watcher)

    async def poll(
        self,
        caller: Caller,
        slug: str,
        prefix: str,
        since: int,
        *,
        wait: float,
        recheck: Recheck,
    ) -> Polled:
        """Return what happened since a revision, waiting up to `wait` seconds for something.

        Args:
            caller: who asks.
            slug: the environment.
            prefix: only keys that begin so.
            since: the revision the client has.
            wait: seconds.
            recheck: raises the problem that refuses a caller who may not have the answer any
                more; asked while waiting, and again before something is handed out.

        Raises:
            Problem: as `open`, or what `recheck` raises.
        """
        watcher, backlog = await self.open(caller, slug, prefix, since)
        try:
            if not backlog and wait > 0:
                backlog = await _waited(watcher, wait, recheck)
        finally:
            self.close(watcher)
        if backlog:
            return Polled(backlog[-1].revision, backlog)
        present = self._snapshots.peek(caller.place.id)
        return Polled(since if present is None else max(since, present.revision), [])

    async def _reach_back(self, state: WorkspaceState, since: int) -> bool:
        """Make the timeline reach back to a revision, from history if need be; say if it does."""
        if since > state.revision:
            return False
        # Many come back at once after a restart: the first reads the past for all of them.
        async with self._reaching.setdefault(state.workspace_id, asyncio.Lock()):
            timeline = self._hub.timeline(state)
            start = timeline.start
            if since >= start:
                return True
            if start - since > REPLAY_REVISIONS:
                return False
            steps = await self._snapshots.replay(state.workspace_id, since, start)
            if steps is None:
                return False
            # It moves on when many revisions come while we read.
            if timeline.start == start:
                timeline.prepend([Past(*step) for step in steps], since)
            return timeline.start <= since


async def _waited(watcher: Watcher, wait: float, recheck: Recheck) -> list[Heard]:
    """Return what a watcher hears within `wait` seconds, once there is something."""
    clock = asyncio.get_running_loop().time
    until = clock() + wait
    found: list[Heard] = []
    while not found and watcher.open and (left := until - clock()) > 0:
        with contextlib.suppress(TimeoutError):
            first = await asyncio.wait_for(watcher.queue.get(), min(left, RECHECK))
            found = [] if first is None else [first]
        while not watcher.queue.empty():
            more = watcher.queue.get_nowait()
            if more is not None:
                found.append(more)
        # After all that is handed out was heard: none of it may have come too late for the caller.
        await recheck()
    return found


async def heard(watcher: Watcher, beat: float) -> AsyncIterator[Heard | None]:
    """Yield what a watcher hears, and None every `beat` seconds; end when it is cut."""
    clock = asyncio.get_running_loop().time
    due = clock() + beat
    while True:
        if clock() >= due:
            due = clock() + beat
            yield None
        try:
            event = await asyncio.wait_for(watcher.queue.get(), due - clock())
        except TimeoutError:
            continue
        if event is None:
            return
        yield event
