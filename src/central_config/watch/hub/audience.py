"""Who watches the same, what was rendered for them once, and how far each has been told."""

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable, MutableMapping
from itertools import islice
from typing import Any, cast

import structlog
from typing_extensions import override

from central_config.core.metrics import WATCH_CUT, WATCH_EVENTS
from central_config.watch.model import Heard, Subject, as_sse

log = structlog.get_logger(__name__)

# Events that may wait for a watcher before it is cut; it resumes from its last revision.
QUEUE_LIMIT = 64
# Events that wait together leave in one write up to about this size (bytes). A write is a copy per
# connection, so this also bounds what one that does not read can hold.
WRITE_LIMIT = 256 * 1024

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

# Pieces that fill Granian's queue for a connection (four), and one more.
_PIECES = 5

_END: Message = {"type": "http.response.body", "body": b"", "more_body": False}


def body_message(body: bytes) -> Message:
    """Return a part of a streamed answer as ASGI says it."""
    return {"type": "http.response.body", "body": body, "more_body": True}


class Watcher:
    """One open watch. This kind takes what is there for it: long polls, the control plane.

    `position` counts the events of its audience up to which it has been told.
    """

    __slots__ = ("_left", "_waiting", "audience", "open", "position")

    def __init__(self, audience: "Audience") -> None:
        self.audience = audience
        self.position = audience.head
        self.open = True
        self._left: list[Heard] | None = None
        self._waiting: asyncio.Future[None] | None = None

    def take(self) -> list[Heard]:
        """Return what it was not told yet, in order; also after it was closed."""
        if self._left is not None:
            left, self._left = self._left, []
            return left
        found = self.audience.since(self.position)
        self.position = self.audience.head
        WATCH_EVENTS.inc(len(found))
        return found

    async def wait(self, seconds: float) -> None:
        """Wait until there is something to take, the watch ended, or some seconds have passed."""
        if not self.open or self.position < self.audience.head or seconds <= 0:
            return
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._waiting
        finally:
            self._waiting = None

    def wake(self) -> None:
        """Say that there is something to take, or that the watch ended."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def close(self) -> None:
        """End the watch; what was to be told before can still be taken."""
        if self.open:
            self._left = self.audience.since(self.position)
            self.open = False
            self.wake()

    def cut(self) -> None:
        """End the watch of somebody who lags too far, instead of waiting for it."""
        WATCH_CUT.inc()
        self.close()


class Stream(Watcher):
    """A watch that events are pushed into as they come: one connection of the data plane.

    Handing an event to the server is a plain call as long as its queue for the connection (four
    writes on Granian) has room, so nothing waits per connection. Once it is full the call stays
    under way; until it ends the stream is `busy`, and events wait in the audience's log.
    """

    __slots__ = ("_rest", "_send", "busy", "on_written", "patience", "sent_at")

    def __init__(self, send: Send, patience: float, audience: "Audience") -> None:
        super().__init__(audience)
        self._send = send
        self.busy = True  # until it began
        self.sent_at = 0.0
        # Seconds of silence after which a comment is due: not the same for all.
        self.patience = patience
        # Called once when the server has taken what is under way, see `_write`.
        self.on_written: Callable[[], None] | None = None
        self._rest = b""
        audience.blocked.add(self)

    def begin(self, body: bytes, now: float) -> None:
        """Send what comes first; from then on the stream is told of everything."""
        if not self.open:
            # It ended before it began.
            self._end()
            return
        self.busy = False
        self.audience.blocked.discard(self)
        self.sent_at = now
        self._write(body_message(body))
        self.flush(now)

    def flush(self, now: float) -> None:
        """Send what waits, until the server's queue is full; `now` is the loop's time."""
        audience = self.audience
        while self.position < audience.head and self.open and not self.busy:
            message, position = audience.message(self.position)
            audience.told += position - self.position
            self.position = position
            self.sent_at = now
            self._write(message)

    def beat(self, now: float) -> None:
        """Send a comment, so that proxies see that the stream lives."""
        if self.open and not self.busy:
            self.sent_at = now
            self._write(body_message(b": alive\n\n"))

    @override
    def close(self) -> None:
        """End the answer after what was sent; a client that reads gets what waits, too."""
        if not self.open:
            return
        if not self.busy:
            self.flush(self.sent_at)
        self._finish()

    def hang_up(self) -> None:
        """End the answer at once."""
        if self.open:
            self._finish()

    @override
    def cut(self) -> None:
        WATCH_CUT.inc()
        self.hang_up()

    def forget(self) -> None:
        """Let go of the connection: the client is gone, or the answer has ended."""
        self.open = False
        self._send = _nowhere
        self.audience.blocked.discard(self)

    def _finish(self) -> None:
        # The server then reports a disconnect, which ends the coroutine that holds the connection.
        self.open = False
        self.audience.blocked.discard(self)
        self._end()

    def _end(self) -> None:
        with contextlib.suppress(Exception):
            _hand(self._send, _END)

    def _write(self, message: Message) -> None:
        """Hand a part of the answer to the server.

        Who set `on_written` wants to know when the server comes to this stream. It says so only
        when its queue for the connection was full, so the part then goes in as many pieces as
        fill it.
        """
        body: bytes = message["body"]
        if self.on_written is None or len(body) <= _PIECES:
            self._hand(message)
            return
        for end in range(1, _PIECES):
            self._hand(body_message(body[end - 1 : end]))
            if self.busy:
                self._rest = body[end:]
                return
        self._hand(body_message(body[_PIECES - 1 :]))

    def _hand(self, message: Message) -> None:
        try:
            pending = _hand(self._send, message)
        except Exception:  # noqa: BLE001 - the server refuses what comes after the end
            self.open = False
            return
        if pending is not None:
            self.busy = True
            self.audience.blocked.add(self)
            pending.add_done_callback(self._written)

    def _written(self, done: "asyncio.Future[None]") -> None:
        self.busy = False
        self.audience.blocked.discard(self)
        told, self.on_written = self.on_written, None
        if told is not None:
            told()
        rest, self._rest = self._rest, b""
        if rest and self.open:
            self._hand(body_message(rest))
        if done.cancelled() or done.exception() is not None:
            self.open = False
        elif self.open:
            self.flush(asyncio.get_running_loop().time())


def _hand(send: Send, message: Message) -> "asyncio.Future[None] | None":
    """Hand a message to the server; return what is under way, None if it was taken at once."""
    pending: Any = send(message)
    if inspect.iscoroutine(pending):
        return asyncio.ensure_future(cast("Awaitable[None]", pending))
    # Granian's awaitable for what it has taken already is no future.
    return pending if hasattr(pending, "add_done_callback") else None


def _nowhere(message: Message) -> Any:  # noqa: ANN401 - what a server's `send` returns
    del message


class Audience:
    """All who watch the same, and the log of what is told to them.

    `head` counts the events so far. The log holds what somebody was not told yet; who is more
    than `QUEUE_LIMIT` events behind by its own fault is cut. `due` is the broadcaster's mark.
    """

    def __init__(self, subject: Subject, workspace: str) -> None:
        self.subject = subject
        self.workspace = workspace
        self.streams: dict[Stream, None] = {}
        self.takers: set[Watcher] = set()
        self.blocked: set[Stream] = set()
        self.head = 0
        self.due = False
        # Events handed to streams that are not counted yet.
        self.told = 0
        self._first = 0
        self._log: list[Heard] = []
        self._messages: dict[int, tuple[Message, int]] = {}

    def __len__(self) -> int:
        """Return how many watch."""
        return len(self.streams) + len(self.takers)

    def join(self, watcher: Watcher) -> None:
        """Take somebody in."""
        if isinstance(watcher, Stream):
            self.streams[watcher] = None
        else:
            self.takers.add(watcher)

    def leave(self, watcher: Watcher) -> bool:
        """Let somebody go; tell whether it was here."""
        known = watcher in self.takers or watcher in self.streams
        self.takers.discard(watcher)
        if isinstance(watcher, Stream):
            self.streams.pop(watcher, None)
            watcher.forget()
        return known

    def append(self, heard: Heard) -> None:
        """Add an event; cut those who let too many wait, wake those who take for themselves."""
        self._log.append(heard)
        self._messages.clear()
        self.head += 1
        oldest = self.head - QUEUE_LIMIT
        for watcher in [*self.takers, *self.blocked]:
            if watcher.position < oldest and watcher.open:
                watcher.cut()
            else:
                watcher.wake()

    def since(self, position: int) -> list[Heard]:
        """Return the events after a position that is still in the log."""
        return self._log[max(0, position - self._first) :]

    def message(self, position: int) -> tuple[Message, int]:
        """Return the next events after a position as one write, and the position after them."""
        found = self._messages.get(position)
        if found is None:
            parts: list[bytes] = []
            size = 0
            for heard in islice(self._log, position - self._first, None):
                if parts and size + len(heard.data) > WRITE_LIMIT:
                    break
                parts.append(as_sse(heard))
                size += len(parts[-1])
            found = body_message(b"".join(parts)), position + len(parts)
            self._messages[position] = found
        return found

    def settle(self, told: int) -> None:
        """Forget what nobody waits for: all streams but the blocked ones were told up to `told`."""
        kept = self.head - QUEUE_LIMIT if self.takers or self.blocked else self.head
        oldest = min(told, kept)
        self._messages.clear()
        WATCH_EVENTS.inc(self.told)
        self.told = 0
        if oldest > self._first:
            del self._log[: oldest - self._first]
            self._first = oldest

    def close(self) -> None:
        """End all these watches, after what is to be told."""
        for watcher in [*self.takers, *self.streams]:
            watcher.close()

    def hang_up(self) -> None:
        """End all these watches at once."""
        for watcher in self.takers:
            watcher.close()
        for stream in self.streams:
            stream.hang_up()
