"""The language model behind Ollama's own API: asked with limits, its answers checked in form."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import structlog
from typing_extensions import override

from central_config.assistant.model.showing import shortened
from central_config.assistant.service.engine import (
    EngineAwayError,
    KnownEngine,
    Purpose,
    Reply,
    Request,
)
from central_config.assistant.service.engine.breaker import Breaker
from central_config.assistant.service.engine.form import check
from central_config.assistant.service.engine.seats import Seats
from central_config.core.settings import Settings

if TYPE_CHECKING:
    from ollama import AsyncClient, ChatResponse

log = structlog.get_logger(__name__)

# How long an answer may take, all in all (seconds). Somebody waits for a plan at the terminal.
LIMITS: Mapping[Purpose, float] = {"plan": 20.0, "review": 60.0, "doctor": 60.0}
CONNECT_WITHIN = 2.0
# The part of it that waiting for others may take: what is left must do for an answer.
_WAIT = 0.25
# Reading a model from disk into memory takes its time (seconds).
WARM_UP_WITHIN = 300.0
# How long what the engine said about its models holds (seconds), and how long it may take to say.
_KNOWN_FOR = 60.0
_LISTED_WITHIN = 2.0
# How long nobody asks again after it did not say, where it said it before (seconds).
_TRUSTED_FOR = 10.0
# The same words get the same answer.
_SEED = 1
# A token is rarely shorter than this (ASCII characters). Ollama cuts the beginning of what is too
# long, silently: the rules would be lost first.
_TOKEN = 3
# No answer is as long: whatever sends it is not a model that was told when to stop (characters).
_MOST_TEXT = 256 * 1024
# What it says of a failure is kept as a line of so many characters.
_LONGEST_LINE = 200
_NOT_FOUND = 404


class Seen(NamedTuple):
    """What an Ollama says of itself.

    Attributes:
        models: what it has.
        digest: of our model; None: it does not have it.
        loaded_until: how long our model stays in memory; None: it is not there.
        context: for how many tokens it is loaded, where it says so.
    """

    models: list[str]
    digest: str | None
    loaded_until: datetime | None
    context: int | None


class OllamaEngine(KnownEngine):
    """One model of one Ollama.

    Args:
        address: its base URL.
        model: the model's name.
        context: tokens of a question and its answer together. It is sent with every request, and
            always the same: for another one Ollama loads the model anew.
        keep_alive: how long Ollama keeps the model in memory after an answer (seconds).
        at_once: answers under way at most.
        limits: seconds an answer may take.
    """

    def __init__(
        self,
        address: str,
        model: str,
        *,
        context: int = 4096,
        keep_alive: int = 1800,
        at_once: int = 2,
        limits: Mapping[Purpose, float] = LIMITS,
    ) -> None:
        # Half a second; whoever has no AI must not pay for it.
        from ollama import AsyncClient  # noqa: PLC0415

        # No redirects and no proxies of the environment: prompts go where the settings say.
        self._connect = partial(
            AsyncClient,
            address,
            timeout=(CONNECT_WITHIN, None, None, None),
            follow_redirects=False,
            trust_env=False,
        )
        self._client: AsyncClient | None = None
        self.address = address
        self._model = model
        self._keep_alive = f"{keep_alive}s"
        self.context = context
        self._limits = limits
        self._at_once = at_once
        self._seats = Seats(at_once)
        self._breaker = Breaker()
        self._digest = ""
        self._known_until = 0.0

    @classmethod
    def of(cls, settings: Settings) -> "OllamaEngine":
        """Return the engine that the settings describe; nothing connects yet."""
        return cls(
            settings.ollama_base_url,
            settings.ai_model,
            context=settings.ai_context_tokens,
            keep_alive=settings.ai_keep_alive,
            at_once=settings.ai_concurrency,
        )

    @property
    @override
    def model(self) -> str:
        return self._model

    async def close(self) -> None:
        """Close the connections; a further question opens others, on whichever event loop it runs.

        What is known of the engine stays known: whether it failed, and which model it has.
        """
        client, self._client = self._client, None
        self._seats = Seats(self._at_once)
        if client is not None:
            await client.close()

    def _connected(self) -> "AsyncClient":
        if self._client is None:
            self._client = self._connect()
        return self._client

    @property
    def _chat(self) -> Any:  # noqa: ANN401 - its types are not whole
        return cast("Any", self._connected()).chat

    @override
    async def ask(self, request: Request) -> Reply:
        began, limit = time.monotonic(), self._limits[request.purpose]
        self._check_length(request)
        self._breaker.check()
        async with self._seats.taken(limit * _WAIT):
            with self._breaker.watching():
                left = limit - (time.monotonic() - began)
                async with self._translated(left):
                    digest = await self._known_digest()
                    text, reason = await self._conversation(request)
        # What this refuses is the model's doing, not the engine's: it opens no breaker, or one
        # question that a model cannot cope with would silence it for everybody.
        check(text, request.schema, cut=reason == "length")
        seconds = time.monotonic() - began
        return Reply(text=text, model=self._model, digest=digest, seconds=seconds)

    @override
    async def digest(self) -> str:
        if self._digest and time.monotonic() < self._known_until:
            return self._digest
        if not self._digest:
            with self._breaker.watching(proves=False):
                return await self._listed_digest()
        try:
            self._breaker.check()
            return await self._listed_digest()
        except EngineAwayError:
            if not self._digest:
                raise
            # It was this model when it was last seen; what it said then still holds. The breaker
            # does not count it: the question that follows is counted, and one counts once.
            self._known_until = time.monotonic() + _TRUSTED_FOR
            return self._digest

    async def _listed_digest(self) -> str:
        async with self._translated(_LISTED_WITHIN):
            return await self._known_digest()

    async def warm_up(self, system: str = "") -> float:
        """Have the model loaded; return how long that took (seconds).

        `system`: what the first request will begin with. The model reads it now and remembers it:
        on two processors that alone takes longer than a plan may.

        Raises:
            EngineAwayError: it cannot be loaded now.
        """
        began = time.monotonic()
        async with self._translated(WARM_UP_WITHIN):
            await self._known_digest()
            read = [{"role": "system", "content": system}] if system else []
            options = self._options(1) if system else self._options()
            await self._chat(self._model, read, options=options, keep_alive=self._keep_alive)
        return time.monotonic() - began

    async def look(self) -> Seen:
        """Return what the engine says of itself; neither its failures count nor its success.

        Raises:
            EngineAwayError: it cannot be reached, or what answers is no Ollama.
        """
        async with self._translated(_LISTED_WITHIN):
            listed = await self._connected().list()
            loaded = await self._connected().ps()
        wanted = full_name(self._model)
        digest = next((each.digest for each in listed.models if each.model == wanted), None)
        held = next((each for each in loaded.models if each.model == wanted), None)
        until, context = (None, None) if held is None else (held.expires_at, held.context_length)
        return Seen([each.model or "" for each in listed.models], digest, until, context)

    def _check_length(self, request: Request) -> None:
        text = request.system + request.prompt
        if _tokens(text) + request.most_tokens > self.context:
            said = f"the question is too long for {self.context} tokens ({len(text)} characters)"
            raise EngineAwayError(said)

    async def _known_digest(self) -> str:
        """Return the digest, asked for once a minute: a model may be fetched anew."""
        if self._digest and time.monotonic() < self._known_until:
            return self._digest
        listed = await self._connected().list()
        wanted = full_name(self._model)
        found = [each.digest for each in listed.models if each.model == wanted]
        if not found:
            self._digest = ""
            raise EngineAwayError(self._missing())
        self._digest = found[0] or ""
        self._known_until = time.monotonic() + _KNOWN_FOR
        return self._digest

    def _missing(self) -> str:
        return f"the AI engine does not have the model {self._model} (`ollama pull {self._model}`)"

    async def _conversation(self, request: Request) -> tuple[str, str]:
        """Return the whole answer, and why it ended."""
        messages = [
            {"role": "system", "content": request.system},
            {"role": "user", "content": request.prompt},
        ]
        # In pieces, so that an answer that was cut off is told from one that ended, and a model
        # whose asker has gone stops.
        parts: AsyncGenerator[ChatResponse] = await self._chat(
            self._model,
            messages,
            stream=True,
            format=request.schema,
            think=False,
            options=self._options(request.most_tokens),
            keep_alive=self._keep_alive,
        )
        async with contextlib.aclosing(parts) as open_parts:
            return await _together(open_parts)

    def _options(self, most_tokens: int | None = None) -> dict[str, Any]:
        options: dict[str, Any] = {"num_ctx": self.context, "temperature": 0, "seed": _SEED}
        return options if most_tokens is None else {**options, "num_predict": most_tokens}

    @contextlib.asynccontextmanager
    async def _translated(self, seconds: float) -> AsyncGenerator[None]:
        """Say what goes wrong in the block as `EngineAwayError`, and that it takes too long."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except EngineAwayError:
            raise
        except TimeoutError:
            said = f"the AI engine did not answer within {seconds:.0f} s"
            raise EngineAwayError(said) from None
        except Exception as error:
            # The client lets through what its HTTP library, JSON and its own models raise.
            log.info(
                "the AI engine failed",
                address=self.address,
                error=type(error).__name__,
                said=_short(error),
            )
            raise self._away(error) from error

    def _away(self, error: Exception) -> EngineAwayError:
        """Return what an error means; what only operators are to know is in the detail."""
        if isinstance(error, ConnectionError) or type(error).__name__.startswith("Connect"):
            return EngineAwayError("the AI engine cannot be reached", f"at {self.address}")
        status = getattr(error, "status_code", None)
        if status == _NOT_FOUND:
            self._digest = ""
            return EngineAwayError(self._missing())
        if isinstance(status, int) and status > 0:
            return EngineAwayError(f"the AI engine answered {status}", _short(error))
        if isinstance(error, ValueError | TypeError | AttributeError):
            return EngineAwayError("the AI engine's answer cannot be read")
        return EngineAwayError("the AI engine broke off", _short(error))


async def _together(parts: AsyncGenerator["ChatResponse"]) -> tuple[str, str]:
    pieces: list[str] = []
    length = 0
    async for part in parts:
        pieces.append(part.message.content or "")
        length += len(pieces[-1])
        if length > _MOST_TEXT:
            raise EngineAwayError("the AI engine's answer does not end")
        if part.done:
            return "".join(pieces), part.done_reason or "stop"
    raise EngineAwayError("the AI engine broke off in the middle of its answer")


def _tokens(text: str) -> int:
    """Return how many tokens a text is at most, nearly: other scripts take one a character."""
    plain = len(text.encode("ascii", "ignore"))
    return plain // _TOKEN + len(text) - plain


def _short(error: Exception) -> str:
    return shortened(" ".join(str(error).split()) or type(error).__name__, _LONGEST_LINE)


def full_name(model: str) -> str:
    """Return a model's name as Ollama lists it: without a tag it is `latest`."""
    return model if ":" in model else f"{model}:latest"
