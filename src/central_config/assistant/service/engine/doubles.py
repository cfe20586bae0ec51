"""Engines without a model, for tests and evaluations: one says what it is told, one remembers."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from typing_extensions import override

from central_config.assistant.service.engine import (
    EngineAwayError,
    KnownEngine,
    Reply,
    Request,
)
from central_config.assistant.service.engine.form import check

Line = str | EngineAwayError


class ScriptedEngine(KnownEngine):
    """Gives prepared replies, in order, or those a function makes of the requests.

    A text is checked against the request's schema as a real engine's is; an `EngineAwayError` is
    raised. `asked` holds the requests.
    """

    def __init__(self, script: Iterable[Line] | Callable[[Request], Line]) -> None:
        self.asked: list[Request] = []
        self._script = script if callable(script) else None
        self._lines = iter(() if callable(script) else script)

    @property
    @override
    def model(self) -> str:
        return "scripted"

    @override
    async def digest(self) -> str:
        return "0"

    @override
    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        line = next(self._lines) if self._script is None else self._script(request)
        if isinstance(line, EngineAwayError):
            raise line
        check(line, request.schema)
        return Reply(text=line, model=self.model, digest="0", seconds=0.0)


class _Kept(msgspec.Struct, frozen=True):
    """A line of a recording: which request it answers, and the reply."""

    request: str
    reply: Reply


_line = msgspec.json.Decoder(_Kept).decode


class ReplayingEngine(KnownEngine):
    """Answers from a recording (JSON lines); asks an engine for what is not in it, and adds that.

    Args:
        recording: the file; it need not exist where there is an engine.
        engine: who is asked; None: what is not recorded is an `EngineAwayError`.
    """

    def __init__(self, recording: Path, engine: KnownEngine | None = None) -> None:
        self._recording = recording
        self._engine = engine
        self._replies: dict[str, Reply] = {}
        if recording.exists():
            for line in recording.read_text(encoding="utf-8").splitlines():
                kept = _line(line)
                self._replies[kept.request] = kept.reply

    @property
    @override
    def model(self) -> str:
        return "recorded" if self._engine is None else self._engine.model

    @override
    async def digest(self) -> str:
        return "recorded" if self._engine is None else await self._engine.digest()

    @override
    async def ask(self, request: Request) -> Reply:
        name = _name(request)
        if name not in self._replies:
            if self._engine is None:
                raise EngineAwayError(f"nothing is recorded for this request ({name[:12]})")
            self._replies[name] = await self._engine.ask(request)
            with self._recording.open("ab") as file:
                file.write(msgspec.json.encode(_Kept(name, self._replies[name])) + b"\n")
        return self._replies[name]


def _name(request: Request) -> str:
    """Return what a request is recorded under: its words, and the form asked for."""
    return hashlib.sha256(msgspec.json.encode(request, order="deterministic")).hexdigest()
