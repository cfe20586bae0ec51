"""A lean HTTP/1.1 client: one connection, one request under way, answers with a length."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

import uvloop
from typing_extensions import override

Answered = Callable[["Connection", int, bytes, bytes], None]
Answer = TypeVar("Answer")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_HEAD_END = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    """Hands each answer (status, head, body) to `answered`, which may send the next request."""

    def __init__(self, number: int, answered: Answered) -> None:
        self.number = number
        self._answered = answered
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self.lost = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # TCP; uvloop's is no subclass

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def send(self, request: bytes) -> None:
        """Send a request."""
        assert self._transport is not None  # noqa: S101 - connected first
        self._transport.write(request)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    @override
    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        while data:
            end = data.find(_HEAD_END)
            if end < 0:
                break
            length = _LENGTH.search(data, 0, end)
            total = end + 4 + (int(length[1]) if length else 0)
            if len(data) < total:
                break
            head, body, data = data[:end], data[end + 4 : total], data[total:]
            self._answered(self, int(head[9:12]), head, body)
        self._rest = data


async def connect(port: int, number: int, answered: Answered) -> Connection:
    """Open a connection to a server on loopback."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: Connection(number, answered), "127.0.0.1", port
    )
    return connection


def head(method: str, path: str, port: int, headers: dict[str, str]) -> bytes:
    """Return the first lines of a request, open for more headers."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n").encode()


def play(main: Coroutine[Any, Any, Answer]) -> Answer:
    """Run a coroutine on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def percentile(values: list[float], part: float) -> float:
    """Return the value below which `part` (0 to 1) of the sorted values lie."""
    return values[min(len(values) - 1, int(len(values) * part))] if values else 0.0
