"""How a notification works: a watch opens here, the relay brings revisions, the hub tells."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple, TypeVar
from uuid import UUID

from central_config.access.model import Caller
from central_config.configurations.model.counts import ReadCounts
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service import Snapshots
from central_config.configurations.service.reading import Reading, narrow
from central_config.core.problems import Problem
from central_config.watch.hub import Audience, Hub, Stream, Watcher
from central_config.watch.hub.audience import Send
from central_config.watch.model import Heard, Past, Subject, as_sse

# A client further behind than this gets a snapshot: replaying costs more than starting anew.
REPLAY_REVISIONS = 1000
# Seconds after which an answer that takes long asks again whether its caller still may have it.
RECHECK = 1.0

# Proxies and clients learn at once that a stream is open, and how soon to come back.
OPENING = b"retry: 1000\n\n"

Recheck = Callable[[], Awaitable[None]]
W = TypeVar("W", bound=Watcher)


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
            Problem: `environment-not-found`, `permission-denied`; `not-ready` while the process
                is ending.
        """
        return await self._open(caller, slug, prefix, since, Watcher)

    async def stream(
        self, caller: Caller, slug: str, prefix: str, since: int | None, send: Send
    ) -> tuple[Stream, bytes]:
        """Return a watch that sends its events itself, and what to `begin` it with.

        Raises:
            Problem: as `open`.
        """
        patience = self._hub.patience()

        def make(audience: Audience) -> Stream:
            return Stream(send, patience, audience)

        stream, backlog = await self._open(caller, slug, prefix, since, make)
        return stream, b"".join([OPENING, *map(as_sse, backlog)])

    def begin(self, stream: Stream, body: bytes) -> None:
        """Let a stream whose answer has started send: first this, then what it is told."""
        self._hub.begin(stream, body)

    async def _open(
        self,
        caller: Caller,
        slug: str,
        prefix: str,
        since: int | None,
        make: Callable[[Audience], W],
    ) -> tuple[W, list[Heard]]:
        if self._hub.closed:
            raise Problem("not-ready", "this process is ending: watch another", retry_after=1)
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
        if since is not None and not await self._reach_back(state, since):
            since = None
        # From here on nothing waits: no revision can fall between the backlog and the watch.
        present = self._snapshots.peek(caller.place.id)
        if present is None:  # put away or dropped while we waited: nobody would tell this watch
            return await self._open(caller, slug, prefix, since, make)
        self._reading.count_part(caller, environment, prefix)
        backlog = self._hub.first(present, subject, caller.place.slug, since)
        return self._hub.join(present, subject, caller.place.slug, make), backlog

    def count(self, counts: ReadCounts) -> None:
        """Count every open watch as a read of what it watches."""
        for subject in self._hub.subjects():
            counts.part(subject.environment_id, subject.prefix)

    def close(self, watcher: Watcher) -> None:
        """Forget a watch whose client is gone."""
        self._hub.leave(watcher)

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
        await watcher.wait(min(left, RECHECK))
        found = watcher.take()
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
        await watcher.wait(due - clock())
        ended = not watcher.open
        for event in watcher.take():
            yield event
        if ended:
            return
