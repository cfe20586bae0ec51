"""What the tests of the SDK share: patience, and a proxy that does what networks do."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Self

Mood = Literal[
    "pass",
    "slow",  # reads nothing more, so that the server's buffers fill up
    "stall",  # reads, and passes nothing on but the heads of answers
    "stall-streams",
    "cut-streams",
    "forbid-streams",
    "reset",
]

_FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 5\r\nconnection: close\r\n\r\nno!\r\n"


class Proxy:
    """Passes on to a port on loopback; `mood` says how. `requests` holds the heads it saw."""

    def __init__(self, target: int) -> None:
        self.mood: Mood = "pass"
        self.requests: list[str] = []
        self.port = 0
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def drop(self) -> None:
        """Cut what is open."""
        self._loop.call_soon_threadsafe(self._cut)

    def streams(self) -> int:
        """Return how many streams were asked for."""
        return sum("text/event-stream" in each for each in self.requests)

    def _cut(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._cut()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                self._loop.run_until_complete(task)
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head.decode().lower())
            await self._pass(head, writer)
        self._open.discard(writer)
        if self.mood == "reset":
            writer.transport.abort()
        writer.close()

    async def _pass(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        stream = b"text/event-stream" in head
        if self.mood == "reset" or (stream and self.mood == "cut-streams"):
            return
        if stream and self.mood == "forbid-streams":
            writer.write(_FORBIDDEN)
            return
        there, far = await asyncio.open_connection("127.0.0.1", self._target, limit=65536)
        # The next request comes on a connection of its own, and is seen here.
        far.write(head.replace(b"keep-alive", b"close"))
        try:
            await self._move(there, writer, stream=stream)
        finally:
            far.transport.abort()

    async def _move(
        self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, *, stream: bool
    ) -> None:
        first = True
        while data := await there.read(65536):
            while self.mood == "slow":  # noqa: ASYNC110 - a test sets it from its thread
                await asyncio.sleep(0.01)
            if self.mood == "stall" or (stream and self.mood == "stall-streams"):
                data = data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if first else b""
            first = False
            writer.write(data)
            await writer.drain()


def wait_for(true: Callable[[], object], seconds: float = 15.0) -> float:
    """Wait until it is; return the seconds it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it did not happen"
        time.sleep(0.005)
    return time.monotonic() - began
