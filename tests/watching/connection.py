"""A connection as Granian gives it to the application: a queue of four writes, then waiting."""

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import Iterator
from typing import Any

QUEUE = 4


class Taken:
    """What Granian returns for a message it has taken already."""

    def __await__(self) -> Iterator[None]:
        return iter(())


class Connection:
    """`send` and `receive` of one request; the client reads when `read` is called.

    `reads` True: the client reads everything at once.
    """

    def __init__(self, *, reads: bool = True) -> None:
        self.reads = reads
        self.start: dict[str, Any] | None = None
        self.received = b""
        self.sends = 0
        self.ended = False
        self._queue: deque[bytes] = deque()
        self._waiting: deque[tuple[bytes, asyncio.Future[None]]] = deque()
        self._asked = False
        self._gone = asyncio.Event()
        self._wrote = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Sends under way; a server keeps one at a time in order only if the caller does."""
        return len(self._waiting)

    def send(self, message: Any) -> Any:
        if message["type"] == "http.response.start":
            self.start = message
            return Taken()
        assert not self.ended, "sent after the end"
        self.sends += 1
        self._wrote.set()
        if not message.get("more_body"):
            assert message["body"] == b""
            self.ended = True
            self._gone.set()
            return Taken()
        assert message["body"], "an empty write in the middle"
        if self.reads:
            self.received += message["body"]
            return Taken()
        if len(self._queue) < QUEUE:
            self._queue.append(message["body"])
            return Taken()
        pending: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((message["body"], pending))
        assert len(self._waiting) == 1, "two sends under way"
        return pending

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    def read(self) -> None:
        """Let the client read what the server has taken."""
        while self._queue:
            self.received += self._queue.popleft()
        while self._waiting:
            body, pending = self._waiting.popleft()
            self._queue.append(body)
            if not pending.done():
                pending.set_result(None)

    async def more(self, seconds: float) -> None:
        """Wait for a write, or for some time."""
        self._wrote.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wrote.wait(), seconds)

    def hang_up(self) -> None:
        """Let the client go."""
        self._gone.set()

    @property
    def ids(self) -> list[int]:
        """The revisions that arrived, in order."""
        return [int(each) for each in re.findall(rb"^id: (\d+)$", self.received, re.MULTILINE)]

    @property
    def events(self) -> bytes:
        """What arrived without comments."""
        return self.received.replace(b": alive\n\n", b"")


async def settled() -> None:
    """Let everything happen that needs no time."""
    for _ in range(20):
        await asyncio.sleep(0)
