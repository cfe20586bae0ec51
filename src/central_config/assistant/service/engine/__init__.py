"""The language model, seen from those who ask it: one request, one reply, or a reason why not."""

from typing import Any, Literal, Protocol

import msgspec

Purpose = Literal["plan", "review", "doctor"]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is asked.

    Attributes:
        purpose: what the reply is for; decides how long it may take and how it is counted.
        prompt_version: of the words around the question; part of the answer's identity.
        system: who the model is to be, and the rules.
        prompt: the rest; the question last.
        schema: JSON Schema the reply must satisfy, or None for free text.
        most_tokens: where the reply is cut.
        keys: the keys shown to the model, for the audit log.
    """

    purpose: Purpose
    prompt_version: str
    system: str
    prompt: str
    schema: dict[str, Any] | None = None
    most_tokens: int = 256
    keys: tuple[str, ...] = ()


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What it answered: the text as it came, who answered, and how long it took (seconds).

    `cached`: the same request was answered before, by the same model; that answer is given again.
    """

    text: str
    model: str
    digest: str
    seconds: float
    cached: bool = False


class EngineAwayError(Exception):
    """No reply is to be had now.

    Attributes:
        reason: why, in words for whoever asked; it does not say where the engine is.
        detail: what operators need besides: an address, what the engine said. Only for logs and
            for commands of the server.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail

    @property
    def whole(self) -> str:
        """Why, for operators."""
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


class EngineRestingError(EngineAwayError):
    """It failed repeatedly a moment ago and is left alone for a while: it was not asked."""


class EngineBusyError(EngineAwayError):
    """As many questions as it may get at once are under way: it was not asked."""


class Engine(Protocol):
    """A language model behind an address, or a double of one."""

    async def ask(self, request: Request) -> Reply:
        """Return the model's reply.

        Raises:
            EngineAwayError: it is switched off, cannot be reached, is too slow or too busy, or
                its answer cannot be read.
        """
        ...


class KnownEngine(Engine, Protocol):
    """An engine that says which model is behind it: part of the identity of its answers."""

    @property
    def model(self) -> str:
        """The model's name."""
        ...

    async def digest(self) -> str:
        """Return what tells this model from another one of the same name.

        Raises:
            EngineAwayError: as for `ask`.
        """
        ...
