"""Every question to the model goes through here: cached, counted, timed, and in the audit log."""

import asyncio
import hashlib
import time
from typing import get_args

import msgspec

from central_config.access.model import Caller, WorkspaceRef
from central_config.assistant.cache.answers import Answers, KeptAnswer
from central_config.assistant.service.engine import (
    EngineAwayError,
    EngineBusyError,
    EngineRestingError,
    KnownEngine,
    Purpose,
    Reply,
    Request,
)
from central_config.assistant.service.engine.form import fits, offered
from central_config.assistant.service.finishing import finished
from central_config.audit.model import Actor, Event
from central_config.audit.service import record
from central_config.core.clock import Clock
from central_config.core.db import Database, lost_connection, transaction
from central_config.core.json import JSON
from central_config.core.metrics import AI_OPERATION_DURATION, AI_OPERATIONS, CACHE_REQUESTS

# Only these are cached: they hold no values of anybody's configuration. What words findings is
# kept by whoever found them.
_CACHED = frozenset({"plan"})
_OK, _ERROR, _BUSY, _CACHED_OUTCOME, _CANCELLED = "ok", "error", "busy", "cached", "cancelled"
_HIT, _MISS = (CACHE_REQUESTS.labels("answers", outcome) for outcome in ("hit", "miss"))


class Calls:
    """An engine in use.

    Args:
        engine: the model.
        database: where the audit log is.
        clock: the time of events.
        answers: answers kept; None: in this process's memory.
    """

    def __init__(
        self, engine: KnownEngine, database: Database, clock: Clock, answers: Answers | None = None
    ) -> None:
        self._engine = engine
        self._database = database
        self._clock = clock
        self._answers = answers or Answers()
        # From zero on, or the first failure after a start would be no rise.
        for purpose in get_args(Purpose):
            AI_OPERATION_DURATION.labels(purpose)
            for outcome in (_OK, _ERROR, _BUSY):
                AI_OPERATIONS.labels(purpose, outcome)

    async def ask(self, caller: Caller, request: Request) -> Reply:
        """Return the model's reply to a request of a caller.

        Raises:
            EngineAwayError: there is none, or it could not be written into the audit log.
        """
        return await self.ask_as(caller.actor, caller.workspace, request)

    async def ask_as(self, actor: Actor, place: WorkspaceRef | None, request: Request) -> Reply:
        """Return the reply to a request of whoever acts; a job has no caller.

        Raises:
            EngineAwayError: as for `ask`.
        """
        began = time.monotonic()
        try:
            reply = await self._answered(request)
        except EngineAwayError as error:
            await self._record(actor, place, request, _told(error, began))
            raise
        except asyncio.CancelledError:
            # Whoever asked has gone, or the process ends; the model may have been shown all of it.
            await self._record(actor, place, request, _given_up(began))
            raise
        await self._record(actor, place, request, _said(request, reply))
        return reply

    async def _answered(self, request: Request) -> Reply:
        if request.purpose not in _CACHED:
            return await self._counted(request)
        digest = await self._known(request)
        name = _name(request, self._engine.model, digest)
        kept = await self._answers.get(name)
        if kept is not None and fits(kept.text, request.schema):
            _HIT.inc()
            seconds, model = kept.seconds, self._engine.model
            return Reply(text=kept.text, model=model, digest=digest, seconds=seconds, cached=True)
        _MISS.inc()
        reply = await self._counted(request)
        name = _name(request, reply.model, reply.digest)
        await self._answers.put(name, KeptAnswer(reply.text, reply.seconds))
        return reply

    async def _known(self, request: Request) -> str:
        """Return the model's digest; not to get it is a failure of the operation."""
        try:
            return await self._engine.digest()
        except EngineAwayError as error:
            AI_OPERATIONS.labels(request.purpose, _outcome(error)).inc()
            raise

    async def _counted(self, request: Request) -> Reply:
        began = time.monotonic()
        try:
            reply = await self._engine.ask(request)
        except EngineAwayError as error:
            AI_OPERATIONS.labels(request.purpose, _outcome(error)).inc()
            # One that was not asked took no time; counted as quick it would hide slow ones.
            if not isinstance(error, EngineRestingError | EngineBusyError):
                self._observe(request, began)
            raise
        AI_OPERATIONS.labels(request.purpose, _OK).inc()
        self._observe(request, began)
        return reply

    @staticmethod
    def _observe(request: Request, began: float) -> None:
        AI_OPERATION_DURATION.labels(request.purpose).observe(time.monotonic() - began)

    async def _record(
        self, actor: Actor, place: WorkspaceRef | None, request: Request, more: dict[str, JSON]
    ) -> None:
        """Write down who asked what for, and which keys the model was shown. Never the question."""
        details: dict[str, JSON] = {
            "keys": list(request.keys),
            "model": self._engine.model,
            "prompt_version": request.prompt_version,
            "purpose": request.purpose,
            **more,
        }
        place_id, target = (None, "") if place is None else (place.id, place.slug)
        event = Event("ai.called", target, actor, place_id, details)
        try:
            await finished(self._write(event))
        except Exception as error:
            if not lost_connection(error):
                raise
            said = "the AI engine is not used while nobody can write down that it is"
            raise EngineAwayError(said) from error

    async def _write(self, event: Event) -> None:
        async with transaction(self._database) as connection:
            await record(connection, [event], self._clock)


def _name(request: Request, model: str, digest: str) -> str:
    """Return what an answer is kept under: all that it depends on.

    The prompt holds the question, and of the tenant's vocabulary whatever the model is shown; a
    vocabulary that has changed elsewhere makes no answer wrong.
    """
    identity = msgspec.structs.replace(request, keys=())
    packed = msgspec.msgpack.encode([identity, model, digest], order="deterministic")
    return hashlib.sha256(packed).hexdigest()


def _outcome(error: EngineAwayError) -> str:
    # A question that was not asked because others failed has failed, too.
    return _BUSY if isinstance(error, EngineBusyError) else _ERROR


def _told(error: EngineAwayError, began: float) -> dict[str, JSON]:
    return {"milliseconds": _since(began), "outcome": _outcome(error), "reason": error.reason}


def _given_up(began: float) -> dict[str, JSON]:
    return {"milliseconds": _since(began), "outcome": _CANCELLED}


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _said(request: Request, reply: Reply) -> dict[str, JSON]:
    return {
        "answer": offered(reply.text, request.schema),
        "digest": reply.digest,
        "milliseconds": 0 if reply.cached else round(reply.seconds * 1000),
        "outcome": _CACHED_OUTCOME if reply.cached else _OK,
    }
