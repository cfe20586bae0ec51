"""A client that only listens: Server-Sent Events over a real connection, in a thread."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPResponse
from typing import Any, ClassVar, NamedTuple, Protocol
from urllib.parse import quote


class Event(NamedTuple):
    kind: str
    revision: int
    data: Any


class Speaker(Protocol):
    """Where the API is, and who asks: a `Client`, or just that."""

    @property
    def base(self) -> str: ...

    @property
    def token(self) -> str | None: ...


class Stream:
    """One connection to a watch; `events` grows while it is open.

    A plain connection, since it must be possible to hang up while another thread reads.
    """

    alive: ClassVar[list["Stream"]] = []

    def __init__(
        self,
        client: Speaker,
        place: str,
        since: int | None = None,
        *,
        prefix: str = "",
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self.events: list[Event] = []
        self.comments = 0
        self.opened, self.ended = threading.Event(), threading.Event()
        self.status = 0
        self.fault: Exception | None = None
        self._on_event = on_event
        self._headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {client.token}"}
        if since is not None:
            self._headers["Last-Event-ID"] = str(since)
        self._path = f"/api/v1/watch/{place}?prefix={quote(prefix)}"
        self._connection = HTTPConnection(client.base.removeprefix("http://"), timeout=40)
        self._connection.connect()
        self._socket = self._connection.sock
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        Stream.alive.append(self)
        assert self.opened.wait(20), "the watch did not open"

    def _run(self) -> None:
        try:
            self._connection.request("GET", self._path, headers=self._headers)
            with self._connection.getresponse() as answer:
                self.status = answer.status
                self._read(answer)
        except Exception as error:  # noqa: BLE001 - told to the test, which runs elsewhere
            self.fault = error
        finally:
            self.opened.set()
            self.ended.set()

    def _read(self, answer: HTTPResponse) -> None:
        fields: dict[str, str] = {}
        while raw := answer.readline():
            line = raw.decode().rstrip("\n")
            if line.startswith("retry:"):
                self.opened.set()
            elif line.startswith(":"):
                self.comments += 1
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                event = Event(fields["event"], int(fields["id"]), json.loads(fields["data"]))
                fields = {}
                self.events.append(event)
                if self._on_event is not None:
                    self._on_event(event)

    def wait(self, until: Callable[["Stream"], Any], seconds: float = 10) -> None:
        """Wait until something is so."""
        end = time.monotonic() + seconds
        while not until(self):
            assert time.monotonic() < end, f"still {self.events[-3:]}, {self.fault!r}"
            time.sleep(0.01)

    def reached(self, revision: int, seconds: float = 10) -> list[Event]:
        """Wait for an event of a revision or later; return all events."""
        self.wait(lambda each: each.events and each.events[-1].revision >= revision, seconds)
        return list(self.events)

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._connection.close()
        self._socket.close()
        if self in Stream.alive:
            Stream.alive.remove(self)


def hang_up() -> None:
    """Close every stream that a test left open."""
    for stream in list(Stream.alive):
        stream.close()


def changed(event: Event) -> dict[str, Any]:
    """What a change event says, by key; None for what is not served any more."""
    assert event.kind == "change"
    assert event.data["revision"] == event.revision
    return {each["key"]: each.get("value") for each in event.data["changes"]}
