"""Many watchers in one process, and a writer whose changes they wait for.

`ours` hears Server-Sent Events; `json` a stream of etcd's JSON gateway; `grpc` etcd's own protocol,
each watcher on a connection of its own with the fewest frames HTTP/2 asks for.
"""

import asyncio
import base64
import struct
import sys
import time
from collections.abc import Callable
from typing import cast

import msgspec
from typing_extensions import override

from bench import proc
from bench.loads import raw
from bench.servers.etcd import WATCH, b64, frame, watch_request

# Connections opened at a time, pause between two writes, and how long a mark may take (seconds).
_AT_A_TIME = 200
_PAUSE = 0.1
_LOST_AFTER = 30.0
_LONGEST_MARK = 64


class Orders(msgspec.Struct):
    """`pid` is the server's, whose memory is asked.

    `written` may stand on another port than `watched`: a replica's (`write_port`).
    """

    kind: str
    port: int
    pid: int
    watchers: int
    writes: int
    watched: str
    written: str
    key: str
    read: dict[str, str]
    write: dict[str, str]
    write_port: int = 0


class Report(msgspec.Struct):
    """Milliseconds from sending a write, and from its acknowledgement, to each watcher's receipt.

    `memory` is what the server's process holds with all of them (bytes); `opened` the seconds it
    took to open them.
    """

    sent_p50: float
    sent_p99: float
    acknowledged_p50: float
    acknowledged_p99: float
    acknowledgement: float
    memory: int
    opened: float


class _Crowd:
    """The watchers; counts who is ready and who has seen the present mark."""

    def __init__(self, ready: bytes) -> None:
        self.ready_mark = ready
        self.mark = b"\0"
        self.number = 0
        self.arrivals: list[float] = []
        self.waiting_for = 0
        self.all_here = asyncio.Event()
        self.lost = 0

    def expect(self, count: int, mark: bytes) -> None:
        """From now on `count` watchers are to see `mark`."""
        self.number += 1
        self.mark, self.arrivals, self.waiting_for = mark, [], count
        self.all_here.clear()

    def seen(self) -> None:
        """Note that one more watcher has seen it."""
        self.arrivals.append(time.monotonic())
        if len(self.arrivals) == self.waiting_for:
            self.all_here.set()

    async def wait(self) -> None:
        """Wait until all have."""
        await asyncio.wait_for(self.all_here.wait(), _LOST_AFTER)


class _Watcher(asyncio.Protocol):
    """One connection that only looks for the mark."""

    def __init__(self, crowd: _Crowd, request: bytes) -> None:
        self._crowd = crowd
        self._request = request
        self._seen = 0
        self._tail = b""
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # TCP; uvloop's is no subclass
        self._transport.write(self._request)

    @override
    def data_received(self, data: bytes) -> None:
        if self._tail:
            data = self._tail + data
        crowd = self._crowd
        if self._seen != crowd.number and crowd.mark in data:
            self._seen = crowd.number
            crowd.seen()
        self._tail = data[-_LONGEST_MARK:]

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.lost += 1

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()


class _Writer:
    """Writes marked values; its answers tell when a write was acknowledged."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._answer: asyncio.Future[float] | None = None
        self._connection: raw.Connection | None = None

    def mark(self, number: int) -> tuple[bytes, bytes]:
        """Return the value of a write, and what a watcher finds of it on the wire."""
        value = f"mark-{number:07d}".encode()
        return value, base64.b64encode(value) if self._orders.kind == "json" else value

    async def write(self, value: bytes) -> float:
        """Write; return when the acknowledgement came."""
        if self._connection is None:
            self._connection = await raw.connect(
                self._orders.write_port or self._orders.port, 0, self._answered
            )
        self._answer = asyncio.get_running_loop().create_future()
        self._connection.send(self._request(value))
        return await asyncio.wait_for(self._answer, _LOST_AFTER)

    def _request(self, value: bytes) -> bytes:
        orders = self._orders
        if orders.kind == "ours":
            path = f"{orders.written}/{orders.key}"
            start = raw.head("PUT", path, orders.port, {**orders.write, "If-Match": "*"})
            body = b'{"value":"%b"}' % value
        else:
            start = raw.head("POST", "/v3/kv/put", orders.port, orders.write)
            body = b'{"key":"%b","value":"%b"}' % (
                b64(orders.key).encode(),
                base64.b64encode(value),
            )
        return start + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)

    def _answered(self, connection: raw.Connection, status: int, head: bytes, body: bytes) -> None:
        del connection, head
        if self._answer is None or self._answer.done():
            return
        if status >= 300:
            self._answer.set_exception(RuntimeError(f"{status} {body[:300]!r}"))
        else:
            self._answer.set_result(time.monotonic())


def _opening(orders: Orders) -> tuple[bytes, bytes]:
    """Return what a watcher sends, and what it is answered with when it is heard."""
    if orders.kind == "ours":
        headers = {**orders.read, "Accept": "text/event-stream"}
        return raw.head("GET", orders.watched, orders.port, headers) + b"\r\n", b"retry:"
    if orders.kind == "json":
        body = b'{"create_request":{"key":"%b"}}' % b64(orders.key).encode()
        start = raw.head("POST", "/v3/watch", orders.port, orders.read)
        return start + b"Content-Length: %d\r\n\r\n%b" % (len(body), body), b'"created":true'
    # A DATA frame of stream 1 that begins a message.
    return _grpc_opening(orders), b"\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00"


def _grpc_opening(orders: Orders) -> bytes:
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": WATCH,
        ":authority": f"127.0.0.1:{orders.port}",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    block = b"".join(
        b"\x00%c%b%c%b" % (len(name), name.encode(), len(value), value.encode())
        for name, value in headers.items()
    )
    message = frame(watch_request(orders.key))
    settings, headers_end = _frame(4, 0, 0, b""), _frame(1, 4, 1, block)
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + headers_end + _frame(0, 0, 1, message)


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


async def _open(orders: Orders, crowd: _Crowd) -> list[_Watcher]:
    request, ready = _opening(orders)
    loop = asyncio.get_running_loop()
    watchers: list[_Watcher] = []
    make: Callable[[], _Watcher] = lambda: _Watcher(crowd, request)  # noqa: E731
    for start in range(0, orders.watchers, _AT_A_TIME):
        count = min(_AT_A_TIME, orders.watchers - start)
        crowd.expect(count, ready)
        made = [loop.create_connection(make, "127.0.0.1", orders.port) for _ in range(count)]
        watchers.extend(protocol for _, protocol in await asyncio.gather(*made))
        await crowd.wait()
    return watchers


async def perform(orders: Orders) -> Report:
    """Open the watchers, write, and see when each of them hears."""
    crowd, writer = _Crowd(b""), _Writer(orders)
    await writer.write(b"mark-warm")
    started = time.monotonic()
    watchers = await _open(orders, crowd)
    opened = time.monotonic() - started
    await asyncio.sleep(0.5)
    from_sent: list[float] = []
    from_answer: list[float] = []
    answers: list[float] = []
    for number in range(orders.writes):
        value, mark = writer.mark(number)
        crowd.expect(orders.watchers, mark)
        sent = time.monotonic()
        acknowledged = await writer.write(value)
        await crowd.wait()
        answers.append((acknowledged - sent) * 1000)
        from_sent.extend((each - sent) * 1000 for each in crowd.arrivals)
        from_answer.extend((each - acknowledged) * 1000 for each in crowd.arrivals)
        await asyncio.sleep(_PAUSE)
    memory = proc.resident(orders.pid)
    if crowd.lost:
        message = f"{crowd.lost} watchers were cut off"
        raise RuntimeError(message)
    for watcher in watchers:
        watcher.close()
    from_sent.sort()
    from_answer.sort()
    answers.sort()
    return Report(
        raw.percentile(from_sent, 0.5),
        raw.percentile(from_sent, 0.99),
        raw.percentile(from_answer, 0.5),
        raw.percentile(from_answer, 0.99),
        raw.percentile(answers, 0.5),
        memory,
        opened,
    )


def main() -> None:
    """Read orders, watch, report."""
    orders = msgspec.json.decode(sys.stdin.buffer.readline(), type=Orders)
    sys.stdout.buffer.write(msgspec.json.encode(raw.play(perform(orders))))


if __name__ == "__main__":
    main()
