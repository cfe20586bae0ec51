"""One loop that tells all streams of this process, in slices, so that reads go on between them.

Python hands an event over in two microseconds, the server needs ten to write it. Were everything
handed over at once, a read that comes meanwhile would wait behind thousands of writes. So a slice
ends with a *mark*: a stream whose write says when the server came to it. Few slices are under way
at a time; the server always has something to do, and a read waits for a few dozen writes.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Protocol

from typing_extensions import override

from central_config.watch.hub.audience import Audience, Stream

# Streams in a slice, and slices handed to the server that it has not come to yet.
SLICE = 64
UNDER_WAY = 2
# How long the event loop is kept from others at a time (seconds).
_AT_ONCE = 0.001
# A mark on a connection that does not read says nothing: go on after that long (seconds).
_MARK_LIMIT = 0.02
# Seconds of silence after which a comment tells proxies that the stream lives, and how much
# earlier it may come, so that not all come at once.
HEARTBEAT = 15.0
SPREAD = 4.0
_TICK = 0.5


class Round(Protocol):
    """Something to be sent into many streams."""

    def streams(self, now: float) -> Iterator[Stream]:
        """Yield the streams into which `send` is to send."""
        ...

    def send(self, stream: Stream, now: float) -> None:
        """Send into one stream."""
        ...


class _Telling(Round):
    """Every stream of one audience hears what it was not told."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience

    @override
    def streams(self, now: float) -> Iterator[Stream]:
        audience = self._audience
        told = -1
        while told < audience.head:
            told = audience.head
            for stream in list(audience.streams):
                if stream.position < audience.head and stream.open and not stream.busy:
                    yield stream
            audience.settle(told)
        audience.due = False

    @override
    def send(self, stream: Stream, now: float) -> None:
        stream.flush(now)


class _Beating(Round):
    """Streams that may have been silent for long."""

    def __init__(self, streams: Iterable[Stream], broadcaster: "Broadcaster") -> None:
        self._streams = streams
        self._broadcaster = broadcaster

    @override
    def streams(self, now: float) -> Iterator[Stream]:
        for stream in self._streams:
            if not stream.open:
                continue
            if now - stream.sent_at >= stream.patience and not stream.busy:
                yield stream
            self._broadcaster.watch_over(stream, now)

    @override
    def send(self, stream: Stream, now: float) -> None:
        stream.beat(now)


class Broadcaster:
    """Tells streams what their audiences hear, and beats where there is nothing to tell."""

    def __init__(self) -> None:
        self._rounds: deque[tuple[Round, Iterator[Stream]]] = deque()
        self._scheduled = False
        self._counter = itertools.count()
        # Marks that the server has not come to, by number.
        self._marks: dict[int, asyncio.TimerHandle] = {}
        # Streams by the moment (in ticks) at which they may have been silent for too long. One
        # that was told something meanwhile moves on when its moment comes: no timer is reset.
        self._wheel: dict[int, list[Stream]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def patience(self) -> float:
        """Return how long the next new stream may be silent (seconds)."""
        return HEARTBEAT - SPREAD * (next(self._counter) % 64) / 64

    def tell(self, audience: Audience) -> None:
        """Tell an audience's streams of what was added to its log."""
        if not audience.streams:
            audience.settle(audience.head)
        elif not audience.due:
            audience.due = True
            self._begin(_Telling(audience))

    def watch_over(self, stream: Stream, now: float) -> None:
        """Send comments into a stream's silences from now on."""
        due = max(stream.sent_at + stream.patience, now + _TICK)
        self._wheel.setdefault(int(due / _TICK) + 1, []).append(stream)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TICK, self._tick)

    def close(self) -> None:
        """Stop beating."""
        self._wheel.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        present = int(loop.time() / _TICK)
        for moment in sorted(each for each in self._wheel if each <= present):
            self._begin(_Beating(self._wheel.pop(moment), self))
        busy = self._wheel or self._rounds
        self._timer = loop.call_later(_TICK, self._tick) if busy else None

    def _begin(self, work: Round) -> None:
        now = asyncio.get_running_loop().time()
        self._rounds.append((work, work.streams(now)))
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled and self._rounds and len(self._marks) < UNDER_WAY:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._work)

    def _work(self) -> None:
        """Hand over some slices, then let the loop see to everybody else."""
        self._scheduled = False
        until = time.perf_counter() + _AT_ONCE
        now = asyncio.get_running_loop().time()
        while self._rounds and len(self._marks) < UNDER_WAY and time.perf_counter() < until:
            if self._slice(now):
                self._rounds.popleft()
            else:
                # A small audience does not wait for all of a large one.
                self._rounds.rotate(-1)
        self._schedule()

    def _slice(self, now: float) -> bool:
        """Hand over one slice of the first round; tell whether it was the last."""
        work, streams = self._rounds[0]
        for stream in itertools.islice(streams, SLICE - 1):
            work.send(stream, now)
        last = next(streams, None)
        if last is None:
            return True
        number = next(self._counter)
        last.on_written = lambda: self._passed(number)
        work.send(last, now)
        if last.busy:
            loop = asyncio.get_running_loop()
            self._marks[number] = loop.call_later(_MARK_LIMIT, self._passed, number)
        else:
            # There was room all the time: the server is not behind.
            last.on_written = None
        return False

    def _passed(self, number: int) -> None:
        timer = self._marks.pop(number, None)
        if timer is not None:
            timer.cancel()
            self._schedule()
