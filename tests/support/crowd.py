"""Thousands of real watchers in a process of their own: plain sockets and one epoll.

Run as a program it is the crowd; `Crowd` is the handle by which a test or a measurement leads it.
Times are `time.monotonic()`, which all processes of a machine share.
"""

import contextlib
import json
import re
import resource
import select
import socket
import subprocess
import sys
import time
from collections import defaultdict
from typing import Any

_ID = re.compile(rb"\nid: (\d+)\n")
# Connections opened at a time, so that the listening socket's queue is not overrun.
_AT_ONCE = 200


class Crowd:
    """Leads a crowd."""

    def __init__(self, port: int, **asked: Any) -> None:
        """Open `count` watches of `path` with `token`; `since`, `accept` as in `_Watchers`."""
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.ask(port=port, **asked)

    def ask(self, **command: Any) -> Any:
        """Send one command; return its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or "null")
        assert answer is not None, "the crowd's process ended"
        assert "error" not in answer, answer
        return answer

    def heard(self, revision: int, seconds: float = 20.0) -> dict[str, Any]:
        """Wait until all who are there heard a revision; return when they did, and what is wrong.

        `times` in order; `missing`: how many did not hear of it; `faults`: revisions that came
        twice, or not in order.
        """
        return self.ask(heard=revision, seconds=seconds)

    def state(self) -> dict[str, Any]:
        """Return how many are `open`, have `ended`, their `comments`, `bytes` and `last` ids."""
        return self.ask(state=True)

    def close(self) -> None:
        """Hang up all of them."""
        if self.process.poll() is None:
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.process.wait()


class _Watchers:
    def __init__(self) -> None:
        self.poll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.tails: dict[int, bytes] = {}
        self.last: dict[int, int] = {}
        self.times: dict[int, list[float]] = defaultdict(list)
        self.ready: set[int] = set()
        self.ended = self.faults = self.comments = self.bytes = 0

    def open(self, port: int, path: str, token: str, count: int, since: int | None = None) -> None:
        lines = [
            f"GET {path} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {token}",
            "Accept: text/event-stream",
            *([] if since is None else [f"Last-Event-ID: {since}"]),
        ]
        request = "\r\n".join([*lines, "", ""]).encode()
        wanted = len(self.sockets) + count
        while len(self.sockets) < wanted:
            for _ in range(min(_AT_ONCE, wanted - len(self.sockets))):
                one = socket.create_connection(("127.0.0.1", port))
                one.sendall(request)
                one.setblocking(False)
                self.sockets[one.fileno()] = one
                self.tails[one.fileno()] = b""
                self.last[one.fileno()] = since or 0
                self.poll.register(one, select.EPOLLIN)
            until = time.monotonic() + 30
            while len(self.ready) + self.ended < len(self.sockets):
                self.hear(0.1)
                if time.monotonic() > until:
                    message = f"{len(self.ready)} of {len(self.sockets)} opened"
                    raise TimeoutError(message)

    def hear(self, seconds: float) -> None:
        for number, _ in self.poll.poll(seconds):
            if number not in self.sockets:
                continue
            try:
                data = self.sockets[number].recv(1 << 18)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            now = time.monotonic()
            # An answer that ended leaves its connection open for the next request.
            if not data or (self.tails[number] + data).endswith(b"0\r\n\r\n"):
                self.poll.unregister(number)
                self.ended += 1
                self.sockets.pop(number).close()
                self.ready.discard(number)
                continue
            self.bytes += len(data)
            self.read(number, data, now)

    def read(self, number: int, data: bytes, now: float) -> None:
        if number not in self.ready and b"retry: " in data:
            self.ready.add(number)
        text = self.tails[number] + data
        self.comments += data.count(b": alive")
        end = 0
        for found in _ID.finditer(text):
            revision, end = int(found[1]), found.end()
            if revision <= self.last[number]:
                self.faults += 1
            self.last[number] = revision
            self.times[revision].append(now)
        # What is left may be the beginning of a line.
        self.tails[number] = text[end:][-40:]

    def heard(self, revision: int, seconds: float) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while len(self.times[revision]) < len(self.sockets) and time.monotonic() < until:
            self.hear(0.05)
        times = sorted(self.times.pop(revision))
        missing = len(self.sockets) - len(times)
        return {"times": times, "missing": missing, "faults": self.faults}

    def state(self) -> dict[str, Any]:
        return {
            "open": len(self.sockets),
            "ended": self.ended,
            "comments": self.comments,
            "bytes": self.bytes,
            "faults": self.faults,
            "last": sorted(set(self.last.values())),
        }


def _serve() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    watchers = _Watchers()
    watchers.poll.register(0, select.EPOLLIN)
    while True:
        if not select.select([0], [], [], 0)[0]:
            watchers.hear(0.05)
            continue
        line = sys.stdin.buffer.raw.readline()  # type: ignore[attr-defined]
        if not line:
            return
        command = json.loads(line)
        try:
            answer: Any = {}
            if "port" in command:
                watchers.open(**command)
            elif "heard" in command:
                answer = watchers.heard(command["heard"], command["seconds"])
            else:
                answer = watchers.state()
        except Exception as error:  # noqa: BLE001 - told to whoever leads
            answer = {"error": repr(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
