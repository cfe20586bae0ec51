"""Looking at the engine: is it reached, has it the model, is that warm, and does it answer well."""

import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Literal

import httpx2
import msgspec

from central_config.assistant.service.engine import EngineAwayError, EngineBusyError, Request
from central_config.assistant.service.engine.ollama import OllamaEngine

Status = Literal["ok", "warning", "bad", "unknown", "skipped"]

_QUESTION = Request(
    purpose="doctor",
    prompt_version="doctor-1",
    system="Answer with JSON.",
    prompt="Of the words north and seven: which one is a number?",
    schema={
        "type": "object",
        "properties": {"word": {"enum": ["north", "seven"]}},
        "required": ["word"],
        "additionalProperties": False,
    },
    most_tokens=32,
)
# A plan is given up after 20 s; an answer of ten words that takes this long leaves no room (s).
_SLOW = 10.0
_VERSION_WITHIN = 2.0


class _Version(msgspec.Struct):
    version: str


class Probe(msgspec.Struct, frozen=True):
    """One thing that was looked at, and how it stands."""

    check: str
    status: Status
    summary: str


async def examine(engine: OllamaEngine) -> AsyncGenerator[Probe]:
    """Look at an engine, and load its model by the way; what cannot be told is left out."""
    try:
        seen = await engine.look()
    except EngineAwayError as error:
        yield Probe("reachable", "bad", error.whole)
        return
    yield Probe("reachable", "ok", f"{await _version(engine.address)} at {engine.address}")
    if seen.digest is None:
        has = ", ".join(seen.models) or "none"
        said = f"it does not have {engine.model} (it has: {has}): `ollama pull {engine.model}`"
        yield Probe("model", "bad", said)
        return
    yield Probe("model", "ok", f"{engine.model}, digest {seen.digest[:12]}")
    yield _warm(seen.loaded_until, seen.context, engine.context)
    yield await _answer(engine)


async def _version(address: str) -> str:
    """Return the engine's version in words; the official client does not ask for it."""
    try:
        async with httpx2.AsyncClient(timeout=_VERSION_WITHIN, trust_env=False) as client:
            answer = await client.get(f"{address.rstrip('/')}/api/version")
        return f"version {msgspec.json.decode(answer.content, type=_Version).version}"
    except (httpx2.HTTPError, msgspec.DecodeError):
        return "a version it does not say"


def _warm(until: datetime | None, context: int | None, wanted: int) -> Probe:
    if until is None:
        return Probe("warm", "warning", "the model is not in memory: the first question waits")
    if context is not None and context != wanted:
        said = f"it is loaded for {context} tokens, {wanted} are wanted: it is loaded anew"
        return Probe("warm", "warning", said)
    return Probe("warm", "ok", f"in memory until {until.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z")


async def _answer(engine: OllamaEngine) -> Probe:
    began = time.monotonic()
    try:
        await engine.warm_up()
        reply = await engine.ask(_QUESTION)
    except EngineBusyError as error:
        return Probe("answer", "unknown", error.whole)
    except EngineAwayError as error:
        return Probe("answer", "bad", error.whole)
    whole = time.monotonic() - began
    said = f"an answer in the form asked for took {reply.seconds:.1f} s"
    if whole - reply.seconds > 1:
        said += f", loading the model {whole - reply.seconds:.1f} s"
    return Probe("answer", "ok" if reply.seconds < _SLOW else "warning", said)
