"""What a test sees of the server: what it has, what it was asked, what is broken."""

import enum
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tests.support.ollama.brains import Brain, Model

Json = dict[str, Any]

# The longest a hanging answer hangs, so that no test leaves a thread behind (seconds).
_HANGS_FOR = 120.0


class Fault(enum.StrEnum):
    """What is broken. A model that is missing is one the server was not given."""

    NONE = ""
    DOWN = "down"
    """500 to everything."""
    PAGE = "page"
    """Every answer is a page of HTML, with 200, as from a proxy that wants a sign-in."""
    HANG = "hang"
    """Connections are accepted; nothing is ever answered."""
    BUSY = "busy"
    """503 to whoever chats, as Ollama answers when its queue is full."""
    HANG_MIDWAY = "hang-midway"
    """A chat begins, and then nothing more comes."""
    TRUNCATED = "truncated"
    """A chat ends, in good form, before its last line."""
    CUT = "cut"
    """The connection breaks in the middle of a line."""
    ERROR_MIDWAY = "error-midway"
    """A chat begins, then a line says that the runner died."""
    GARBLED = "garbled"
    """A line of a chat is no JSON."""
    PROSE = "prose"
    """The model answers in prose whatever schema was asked for."""
    OTHER_SCHEMA = "other-schema"
    """The model answers JSON of another shape."""
    ENDLESS = "endless"
    """The model's answer is cut for its length."""


@dataclass
class Ollama:
    """The server.

    Attributes:
        models: what it has, by whole name.
        on_disk: what `/api/pull` can fetch.
        asked: every request, oldest first: its path and its body.
        abandoned: answers nobody waited for.
        moved_to: another base URL, to which every request is sent on.
    """

    models: dict[str, Model]
    on_disk: dict[str, Brain] = field(default_factory=dict[str, Brain])
    url: str = ""
    asked: list[tuple[str, Json]] = field(default_factory=list[tuple[str, Json]])
    abandoned: int = 0
    fault: Fault = Fault.NONE
    moved_to: str = ""
    closing: threading.Event = field(default_factory=threading.Event)

    def chats(self) -> list[Json]:
        """Return the bodies of the chats that were asked for, warming up left out."""
        return [body for path, body in self.asked if path == "/api/chat" and body.get("messages")]

    def hang(self) -> None:
        """Wait until another fault is set or the server ends."""
        until, fault = time.monotonic() + _HANGS_FOR, self.fault
        while self.fault is fault and time.monotonic() < until and not self.closing.wait(0.02):
            pass


def full(name: str) -> str:
    """Return a model's whole name: without a tag it is `latest`."""
    return name if ":" in name else f"{name}:latest"
