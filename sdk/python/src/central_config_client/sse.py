"""Server-Sent Events, from bytes as they come."""

from collections.abc import Iterator
from typing import NamedTuple

# No event of the service comes near it: a whole environment is one event.
LARGEST_EVENT = 512 * 1024 * 1024


class TooLargeError(Exception):
    """An event is larger than anything the service sends."""


class Event(NamedTuple):
    """An event. `data` is its lines joined."""

    kind: str
    data: str


class Parser:
    """Takes bytes, gives events. Comments and fields the service does not use are passed over.

    `retry` holds the seconds the server last asked clients to wait before they come back.
    """

    def __init__(self, largest: int = LARGEST_EVENT) -> None:
        self.retry: float | None = None
        self._largest = largest
        self._line = bytearray()
        self._size = 0
        self._kind = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield the events that are complete with these bytes.

        Raises:
            TooLargeError: there is no end of it.
        """
        self._size += len(chunk)
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            self._line += line
            event = self._take(self._line.removesuffix(b"\r").decode("utf-8", "replace"))
            self._line.clear()
            if event is not None:
                yield event
        self._line += rest
        if self._size > self._largest:
            raise TooLargeError

    def _take(self, line: str) -> Event | None:
        if not line:
            return self._complete()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry = int(value) / 1000
        return None

    def _complete(self) -> Event | None:
        event = Event(self._kind or "message", "\n".join(self._data)) if self._data else None
        self._kind, self._data, self._size = "", [], 0
        return event
