"""What happens to the books while calls come and go: reads wait together, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple, cast

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from central_config.access.model import PERMISSIONS, Caller, Principal, WorkspaceRef
from central_config.assistant.routes.mcp.calls import Means, ToolCalls
from central_config.assistant.routes.mcp.catalogue import TOOLS, Tool
from central_config.assistant.routes.mcp.parts import Parts
from central_config.assistant.service import tool_log
from central_config.assistant.service.tool_log import ToolLog
from central_config.audit.model import Record
from central_config.audit.service import AuditService
from central_config.core.clock import SystemClock
from central_config.core.db import Database, open_database, transaction
from central_config.core.ids import new_id
from central_config.core.json import JSON, decode
from central_config.core.metrics import MCP_CALLS
from central_config.core.problems import Problem
from central_config.core.settings import Settings

pytestmark = pytest.mark.anyio

PROD: dict[str, JSON] = {"workspace": "bank", "environment": "prod"}
PROPOSAL: dict[str, JSON] = {
    "workspace": "bank",
    "message": "m",
    "edits": [{"environment": "prod", "key": "a", "value": 1}],
}


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    made = open_database(settings.require_database_url(), settings)
    yield made
    await made.dispose()


class World(NamedTuple):
    """One workspace, the books, and what uses tools there."""

    database: Database
    books: ToolLog
    place: WorkspaceRef

    def caller(self, name: str = "ada", request_id: str = "") -> Caller:
        principal = Principal("user", new_id(), name, {None: frozenset(PERMISSIONS)})
        return Caller(principal, principal.actor(request_id), self.place)

    def tool(self, name: str, run: Callable[..., Awaitable[Any]]) -> tuple[ToolCalls, Tool]:
        """A tool that does something else, and what carries out its calls."""

        async def within(caller: Caller, _: object) -> Caller:
            return caller

        means = Means(within, as_problem, cast("Any", None))
        tool = TOOLS[name]._replace(run=run)
        return ToolCalls({name: tool}, cast("Parts", None), means, self.books), tool

    async def events(self) -> list[Record]:
        """The calls in the log, the oldest first."""
        return (await AuditService(self.database).page({"chain": self.place.id}, None, 1000))[::-1]

    async def until(self, number: int) -> None:
        """Wait for so many events."""
        for _ in range(100):
            if len(await self.events()) >= number:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(await self.events())

    async def told(self) -> list[list[dict[str, Any]]]:
        """The calls of each event."""
        return [cast("Any", decode(each.details.encode()))["calls"] for each in await self.events()]


def as_problem(error: Exception) -> Problem:
    return error if isinstance(error, Problem) else Problem("internal-error", repr(error))


@pytest.fixture
async def world(database: Database) -> World:
    return World(database, ToolLog(database, SystemClock()), WorkspaceRef(new_id(), "bank"))


async def done(*_: Any) -> Any:
    return object()


async def test_reads_hold_up_no_writes(world: World) -> None:
    """A read neither takes the end of the audit chain nor waits for who has it."""
    calls, tool = world.tool("get_config", done)
    caller = world.caller()
    async with transaction(world.database) as connection:
        await connection.execute(
            text(
                "INSERT INTO cc_audit_chain (chain, sequence, hash, updated_at)"
                " VALUES (:chain, 0, :hash, now())"
            ),
            {"chain": world.place.id, "hash": bytes(32)},
        )
    async with world.books.run(), transaction(world.database) as connection:
        await connection.execute(
            text("SELECT 1 FROM cc_audit_chain WHERE chain = :chain FOR UPDATE"),
            {"chain": world.place.id},
        )
        async with asyncio.timeout(2):
            for _ in range(20):
                await calls.run(caller, tool, PROD)
    assert [len(each) for each in await world.told()] == [20]


async def test_calls_are_written_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By caller and tool, so many in an event; each says when, how it went and by which request."""
    monkeypatch.setattr(tool_log, "TOGETHER", 3)
    ada, bob = world.caller("ada"), world.caller("bob", "r-9")
    async with world.books.run():
        for number in range(4):
            request = Caller(ada.principal, ada.principal.actor(f"r-{number}"), world.place)
            world.books.keep(request, "get_config", "ok", {"key": f"k{number}"})
        world.books.keep(bob, "get_config", "key-not-found", {})
        world.books.keep(ada, "explain_key", "ok", {})
    events = await world.events()
    assert [(each.actor_name, each.target, each.request_id) for each in events] == [
        ("ada", "get_config", ""),
        ("ada", "get_config", "r-3"),
        ("bob", "get_config", "r-9"),
        ("ada", "explain_key", ""),
    ]
    first, second, third, _ = await world.told()
    assert [each["key"] for each in (*first, *second)] == ["k0", "k1", "k2", "k3"]
    assert [each["request_id"] for each in first] == ["r-0", "r-1", "r-2"]
    assert third[0]["outcome"] == "key-not-found"
    assert third[0]["called_at"] <= events[2].created_at.isoformat()


async def test_reads_are_written_within_seconds(world: World) -> None:
    async with world.books.run():
        world.books.keep(world.caller(), "get_config", "ok", {})
        await world.until(1)
        world.books.keep(world.caller(), "get_config", "ok", {})
    assert len(await world.events()) == 2


async def test_proposals_are_written_at_once(world: World) -> None:
    calls, tool = world.tool("propose_change", done)
    await calls.run(world.caller(), tool, PROPOSAL)
    ((told,),) = await world.told()
    assert (told["outcome"], told["edits"]) == ("ok", ["prod:a"])


async def test_what_cannot_be_recorded_is_not_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool_log, "WAITING", 2)
    (calls, tool), caller = world.tool("get_config", done), world.caller()
    counted = MCP_CALLS.labels(tool.name, "not-ready")
    before = counted._value.get()
    for _ in range(2):
        await calls.run(caller, tool, PROD)
    with pytest.raises(Problem, match="not-ready"):
        await calls.run(caller, tool, PROD)
    assert counted._value.get() == before + 1
    async with world.books.run():
        pass
    assert [len(each) for each in await world.told()] == [2]
    await calls.run(caller, tool, PROD)


async def test_what_waits_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log is away for a while; then all is there, once."""
    monkeypatch.setattr(tool_log, "EVERY", 0.05)
    with capture_logs() as said:
        async with world.books.run():
            await _execute(world.database, "ALTER TABLE cc_audit_chain RENAME TO away_for_a_test")
            try:
                for number in range(3):
                    world.books.keep(world.caller(), "get_config", "ok", {"key": str(number)})
                    await asyncio.sleep(0.2)
            finally:
                await _execute(
                    world.database, "ALTER TABLE away_for_a_test RENAME TO cc_audit_chain"
                )
            await world.until(3)
    assert [each["key"] for calls in await world.told() for each in calls] == ["0", "1", "2"]
    assert [each["event"] for each in said] == ["calls of tools wait to be written down"]


async def test_what_is_lost_is_said(world: World) -> None:
    with capture_logs() as said:
        await _execute(world.database, "ALTER TABLE cc_audit_chain RENAME TO away_for_a_test")
        try:
            async with world.books.run():
                world.books.keep(world.caller(), "get_config", "ok", {"key": "a"})
        finally:
            await _execute(world.database, "ALTER TABLE away_for_a_test RENAME TO cc_audit_chain")
    assert said[-1]["log_level"] == "error"
    assert said[-1]["calls"] == [(("ada", "get_config"), 1)]


async def test_a_call_that_is_given_up_is_written_down(world: World) -> None:
    begun = asyncio.Event()

    async def hanging(*_: Any) -> Any:
        begun.set()
        await asyncio.sleep(60)

    calls, tool = world.tool("get_config", hanging)
    counted = MCP_CALLS.labels(tool.name, "cancelled")
    before = counted._value.get()
    async with world.books.run():
        call = asyncio.create_task(calls.run(world.caller(), tool, PROD))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    (event,) = await world.events()
    assert (event.action, event.target) == ("mcp.called", "get_config")
    assert (await world.told())[0][0]["outcome"] == "cancelled"
    assert counted._value.get() == before + 1


async def _execute(database: Database, statement: str) -> None:
    async with transaction(database) as connection:
        await connection.execute(text(statement))
