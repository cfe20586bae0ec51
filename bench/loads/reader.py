"""Readers at a fixed rate (open loop): a latency counts from the moment the read was due.

So an answer that is late makes the reads behind it late too, as it does to applications.
"""

import asyncio
import signal
import sys
import time
from collections import deque

import msgspec

from bench.loads import raw

_TICK = 0.001  # seconds between two looks at what is due


class Orders(msgspec.Struct):
    """What to read. `rate` 0: as fast as answers come."""

    port: int
    connections: int
    rate: float
    seconds: float
    path: str
    headers: dict[str, str]


class Report(msgspec.Struct):
    """Milliseconds, and answers a second."""

    answered: int
    refused: int
    rate: float
    p50: float
    p99: float
    longest: float


class _Readers:
    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._request = raw.head("GET", orders.path, orders.port, orders.headers) + b"\r\n"
        self._due = [0.0] * orders.connections
        self._idle: list[raw.Connection] = []
        self._late: deque[float] = deque()
        self.latencies: list[float] = []
        self.refused = 0
        self._end = 0.0
        self._under_way = 0
        self._done = asyncio.Event()

    def _send(self, connection: raw.Connection, due: float) -> None:
        self._due[connection.number] = due
        self._under_way += 1
        connection.send(self._request)

    def _answered(self, connection: raw.Connection, status: int, head: bytes, body: bytes) -> None:
        del head, body
        now = time.monotonic()
        self._under_way -= 1
        self.latencies.append(now - self._due[connection.number])
        if status != 200:
            self.refused += 1
        if self._late:
            self._send(connection, self._late.popleft())
        elif now >= self._end:
            if not self._under_way:
                self._done.set()
        elif self._orders.rate:
            self._idle.append(connection)
        else:
            self._send(connection, now)

    def finish(self) -> None:
        """Ask for nothing more."""
        self._end = time.monotonic()

    async def play(self) -> float:
        """Read for the time that was ordered, or until SIGTERM.

        Returns:
            Seconds until the last answer.
        """
        orders = self._orders
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.finish)
        connections = [
            await raw.connect(orders.port, number, self._answered)
            for number in range(orders.connections)
        ]
        start = time.monotonic()
        self._end = start + orders.seconds
        if orders.rate:
            self._idle = connections.copy()
            await self._pace(start)
        else:
            for connection in connections:
                self._send(connection, start)
        if self._under_way:
            await asyncio.wait_for(self._done.wait(), orders.seconds + 60)
        for connection in connections:
            connection.close()
        return time.monotonic() - start

    async def _pace(self, start: float) -> None:
        number = 0
        while (now := time.monotonic()) < self._end:
            while (due := start + number / self._orders.rate) <= now:
                number += 1
                if self._idle:
                    self._send(self._idle.pop(), due)
                else:
                    self._late.append(due)
            await asyncio.sleep(_TICK)


def main() -> None:
    """Read orders, read values, report."""
    orders = msgspec.json.decode(sys.stdin.buffer.readline(), type=Orders)

    async def perform() -> Report:
        readers = _Readers(orders)
        took = await readers.play()
        found = sorted(each * 1000 for each in readers.latencies)
        return Report(
            len(found),
            readers.refused,
            len(found) / took,
            raw.percentile(found, 0.5),
            raw.percentile(found, 0.99),
            found[-1] if found else 0.0,
        )

    sys.stdout.buffer.write(msgspec.json.encode(raw.play(perform())))


if __name__ == "__main__":
    main()
