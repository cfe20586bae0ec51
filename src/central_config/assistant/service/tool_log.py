"""What is kept of each use of a tool: a place in an audit event, and two metrics.

An event takes the lock of its workspace's audit chain, which every write there needs too. Reads of
an assistant may be many, so theirs wait together: once a second one transaction of a workspace
writes them down, one event for all calls of the same tool by the same caller.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec
import structlog

from central_config.access.model import Caller
from central_config.assistant.service.finishing import finished
from central_config.audit.model import Actor, Event
from central_config.audit.service import record
from central_config.core.clock import Clock, rfc3339
from central_config.core.db import Database, lost_connection, transaction
from central_config.core.json import JSON
from central_config.core.metrics import MCP_CALLS, MCP_DURATION
from central_config.core.problems import Problem

log = structlog.get_logger(__name__)

OK, CANCELLED = "ok", "cancelled"
_ACTION = "mcp.called"
# How long a read waits to be written down (seconds), and how many calls one event holds at most.
EVERY = 1.0
TOGETHER = 100
# Calls that may wait, all in all; where the database is away, no more are answered.
WAITING = 2_000
# What the end of the process waits for the last of them (seconds).
_LAST_TRY = 5.0


class _Noted(NamedTuple):
    """One use of a tool, as it will be written down."""

    actor: Actor
    tool: str
    told: dict[str, JSON]


class ToolLog:
    """Writes down who used which tool on what, and how it went; needs `run` to be entered.

    What is told of a call holds neither values nor words somebody searched for.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # By workspace; None: calls that named none.
        self._waiting: dict[UUID | None, list[_Noted]] = {}
        self._called = asyncio.Event()
        self._ending = asyncio.Event()
        self._away = False

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncGenerator[None]:
        """Write down what waits while the block runs, and the rest of it at its end."""
        keeper = asyncio.create_task(self._keep(), name="tool-log")
        try:
            yield
        finally:
            self._ending.set()
            self._called.set()
            await keeper

    def admit(self, tool: str) -> None:
        """Let a call begin; one that may not is only counted.

        Raises:
            Problem: `not-ready` where too many wait: what cannot be recorded is not answered.
        """
        if sum(map(len, self._waiting.values())) >= WAITING:
            self.count(tool, "not-ready", 0.0)
            detail = "tools are not used while nobody can write down that they are"
            raise Problem("not-ready", detail, retry_after=1)

    def keep(self, caller: Caller, tool: str, outcome: str, told: Mapping[str, JSON]) -> None:
        """Have a read written down soon, in the log of its workspace or of the system.

        A process that is killed takes what it read in the last second with it; one that ends
        writes it, or says in its own log what it could not write.
        """
        place, call = self._call(caller, tool, outcome, told)
        self._waiting.setdefault(place, []).append(call)
        self._called.set()

    async def audit(
        self, caller: Caller, tool: str, outcome: str, told: Mapping[str, JSON]
    ) -> None:
        """Record a call at once, in a transaction of its own, even if the caller goes away.

        Fails where the database does: what cannot be recorded is not answered.
        """
        place, call = self._call(caller, tool, outcome, told)
        await finished(self._record(place, [call]))

    @staticmethod
    def count(tool: str, outcome: str, seconds: float) -> None:
        """Count a call that took so long; a tool that is none of ours is not counted."""
        MCP_CALLS.labels(tool, outcome).inc()
        MCP_DURATION.labels(tool).observe(seconds)

    def _call(
        self, caller: Caller, tool: str, outcome: str, told: Mapping[str, JSON]
    ) -> tuple[UUID | None, _Noted]:
        place = None if caller.workspace is None else caller.workspace.id
        itself: dict[str, JSON] = {
            "called_at": rfc3339(self._clock.now()),
            "outcome": outcome,
            "request_id": caller.actor.request_id,
        }
        return place, _Noted(caller.actor, tool, {**told, **itself})

    async def _keep(self) -> None:
        while not self._ending.is_set():
            await self._called.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._ending.wait()
            if not self._ending.is_set():
                await self._write()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_TRY):
                await self._write()
        lost = Counter(
            (call.actor.name, call.tool) for calls in self._waiting.values() for call in calls
        )
        if lost:
            log.error("calls of tools are not in the audit log", calls=sorted(lost.items()))

    async def _write(self) -> None:
        """Write down what waits, a workspace at a time; what cannot be written waits on.

        Whether a transaction that broke off was committed is not known: then a call may be there
        twice, with the same request.
        """
        self._called.clear()
        failed: Exception | None = None
        for place, calls in list(self._waiting.items()):
            # More may come meanwhile, behind these.
            some = calls[:]
            try:
                await self._record(place, some)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                failed = error
                if lost_connection(error):
                    break
            else:
                del calls[: len(some)]
                if not calls:
                    del self._waiting[place]
        self._tell(failed)

    def _tell(self, failed: Exception | None) -> None:
        """Say once that calls wait, and have them tried again."""
        if failed is not None:
            self._called.set()
            if not self._away:
                log.warning("calls of tools wait to be written down", error=repr(failed))
        self._away = failed is not None

    async def _record(self, place: UUID | None, calls: Sequence[_Noted]) -> None:
        async with transaction(self._database) as connection:
            await record(connection, list(_events(place, calls)), self._clock)


def _events(place: UUID | None, calls: Iterable[_Noted]) -> Iterator[Event]:
    """Yield the events of some calls in a workspace."""
    alike: dict[tuple[Actor, str], list[_Noted]] = {}
    for call in calls:
        actor = msgspec.structs.replace(call.actor, request_id="")
        alike.setdefault((actor, call.tool), []).append(call)
    for (actor, tool), found in alike.items():
        for start in range(0, len(found), TOGETHER):
            some = found[start : start + TOGETHER]
            told: list[JSON] = [call.told for call in some]
            # One of several requests names none; each call has its own.
            by = some[0].actor if len(some) == 1 else actor
            yield Event(_ACTION, tool, by, place, {"calls": told})
