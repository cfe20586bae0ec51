"""A call whose caller goes away, or that is under way when the process ends, is written down."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from central_config.access.model import PERMISSIONS, Caller, Principal, WorkspaceRef
from central_config.assistant.routes.mcp.calls import Calls, Means
from central_config.assistant.routes.mcp.catalogue import TOOLS
from central_config.assistant.routes.mcp.parts import Parts
from central_config.assistant.service.tool_log import ToolLog
from central_config.audit.service import AuditService
from central_config.core.clock import SystemClock
from central_config.core.db import Database, open_database
from central_config.core.ids import new_id
from central_config.core.metrics import MCP_CALLS
from central_config.core.problems import Problem
from central_config.core.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    made = open_database(settings.require_database_url(), settings)
    yield made
    await made.dispose()


async def test_a_call_that_is_given_up_is_written_down(database: Database) -> None:
    place = WorkspaceRef(new_id(), "bank")
    principal = Principal("user", new_id(), "ada", {None: frozenset(PERMISSIONS)})
    caller = Caller(principal, principal.actor(), place)
    begun = asyncio.Event()

    async def hanging(*_: Any) -> Any:
        begun.set()
        await asyncio.sleep(60)

    async def within(caller: Caller, _: object) -> Caller:
        return caller

    tool = TOOLS["get_config"]._replace(run=hanging)
    means = Means(within, lambda error: Problem("internal-error", str(error)), cast("Any", None))
    calls = Calls({tool.name: tool}, cast("Parts", None), means, ToolLog(database, SystemClock()))
    counted = MCP_CALLS.labels(tool.name, "cancelled")
    before = counted._value.get()
    given: Any = {"workspace": "bank", "environment": "prod"}
    call = asyncio.create_task(calls.run(caller, tool, given))
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    (event,) = await AuditService(database).page({}, None, 10)
    assert (event.action, event.target) == ("mcp.called", "get_config")
    assert '"outcome":"cancelled"' in event.details.replace(" ", "")
    assert counted._value.get() == before + 1
