"""Writers, each on its own keep-alive connection and its own key.

Ours writes with If-Match: the revision its last write was answered with (compare-and-set). etcd's
is the same client on the JSON gateway. Closed loop, or at a fixed rate (open loop).
"""

import asyncio
import base64
import resource
import sys
import time

import msgspec

from bench.loads import raw


class Orders(msgspec.Struct):
    """What to write. `rate` 0: as fast as answers come; else writes a second, all together."""

    kind: str
    port: int
    clients: int
    seconds: float
    path: str
    headers: dict[str, str]
    key: str
    revision: int = 0
    rate: float = 0
    text: int = 100


class Report(msgspec.Struct):
    """What came of it. Latencies in milliseconds; `processor` is the generator's share of a core.

    Under a fixed rate a latency counts from the moment the write was due.
    """

    acknowledged: int
    refused: int
    rate: float
    p50: float
    p99: float
    processor: float
    first_refusal: str


class _Writers:
    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._heads = [self._head(number) for number in range(orders.clients)]
        self._revisions = [str(orders.revision).encode()] * orders.clients
        self._due = [0.0] * orders.clients
        self._count = 0
        self._idle: list[raw.Connection] = []
        self._late: list[float] = []
        self._under_way = 0
        self._text = "x" * orders.text
        self.latencies: list[float] = []
        self.refused = 0
        self.first_refusal = ""
        self._end = 0.0
        self._last = 0.0
        self._done = asyncio.Event()

    def _head(self, number: int) -> bytes:
        orders = self._orders
        if orders.kind == "ours":
            path = f"{orders.path}/{orders.key}{number}"
            return raw.head("PUT", path, orders.port, orders.headers)
        return raw.head("POST", orders.path, orders.port, orders.headers)

    def _request(self, number: int) -> bytes:
        self._count += 1
        value = b'{"count":"%010d","text":"%b"}' % (self._count, self._text.encode())
        if self._orders.kind == "ours":
            body = b'{"value":%b}' % value
            match = b'If-Match: "%b"\r\n' % self._revisions[number]
        else:
            key = base64.b64encode(f"{self._orders.key}{number}".encode())
            body = b'{"key":"%b","value":"%b"}' % (key, base64.b64encode(value))
            match = b""
        return self._heads[number] + match + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)

    def _send(self, connection: raw.Connection, due: float) -> None:
        self._due[connection.number] = due
        self._under_way += 1
        connection.send(self._request(connection.number))

    def _answered(self, connection: raw.Connection, status: int, head: bytes, body: bytes) -> None:
        now = self._last = time.monotonic()
        self._under_way -= 1
        if status in {200, 201}:
            self.latencies.append(now - self._due[connection.number])
            if self._orders.kind == "ours":
                at = head.lower().index(b"\r\netag: ") + 9
                self._revisions[connection.number] = head[at : head.index(b'"', at)]
        else:
            self.refused += 1
            self.first_refusal = self.first_refusal or body.decode(errors="replace")[:300]
        self._next(connection, now)

    def _next(self, connection: raw.Connection, now: float) -> None:
        if now >= self._end:
            if not self._under_way:
                self._done.set()
        elif not self._orders.rate:
            self._send(connection, now)
        elif self._late:
            self._send(connection, self._late.pop(0))
        else:
            self._idle.append(connection)

    async def play(self) -> float:
        """Write for the time that was ordered; return how long it took until the last answer."""
        port = self._orders.port
        connections = [
            await raw.connect(port, number, self._answered) for number in range(len(self._heads))
        ]
        start = time.monotonic()
        self._end = start + self._orders.seconds
        if self._orders.rate:
            self._idle = connections.copy()
            await self._pace(start)
        else:
            for connection in connections:
                self._send(connection, start)
        if self._under_way:
            await asyncio.wait_for(self._done.wait(), self._orders.seconds + 30)
        for connection in connections:
            connection.close()
        return self._last - start

    async def _pace(self, start: float) -> None:
        number = 0
        while (now := time.monotonic()) < self._end:
            while (due := start + number / self._orders.rate) <= now:
                number += 1
                if self._idle:
                    self._send(self._idle.pop(), due)
                else:
                    self._late.append(due)
            await asyncio.sleep(0.001)


def main() -> None:
    """Read orders, write, report."""
    orders = msgspec.json.decode(sys.stdin.buffer.readline(), type=Orders)

    async def perform() -> Report:
        writers = _Writers(orders)
        took = await writers.play()
        used = resource.getrusage(resource.RUSAGE_SELF)
        found = sorted(each * 1000 for each in writers.latencies)
        return Report(
            len(found),
            writers.refused,
            len(found) / took if took > 0 else 0.0,
            raw.percentile(found, 0.5),
            raw.percentile(found, 0.99),
            (used.ru_utime + used.ru_stime) / took if took > 0 else 0.0,
            writers.first_refusal,
        )

    sys.stdout.buffer.write(msgspec.json.encode(raw.play(perform())))


if __name__ == "__main__":
    main()
