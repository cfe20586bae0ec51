"""What is kept of each use of a tool: an audit event and two metrics."""

from collections.abc import Mapping

from central_config.access.model import Caller
from central_config.assistant.service.finishing import finished
from central_config.audit.model import Event
from central_config.audit.service import record
from central_config.core.clock import Clock
from central_config.core.db import Database, transaction
from central_config.core.json import JSON
from central_config.core.metrics import MCP_CALLS, MCP_DURATION

OK, CANCELLED = "ok", "cancelled"
_ACTION = "mcp.called"


class ToolLog:
    """Writes down who used which tool on what, and how it went."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def audit(
        self, caller: Caller, tool: str, outcome: str, told: Mapping[str, JSON]
    ) -> None:
        """Record a call in the audit log of its workspace, or of the system where it named none.

        `told` holds neither values nor words somebody searched for. Fails where the database does:
        what cannot be recorded is not answered. It is written even if the caller goes away.
        """
        place = None if caller.workspace is None else caller.workspace.id
        event = Event(_ACTION, tool, caller.actor, place, {"outcome": outcome, **told})
        await finished(self._write(event))

    async def _write(self, event: Event) -> None:
        async with transaction(self._database) as connection:
            await record(connection, [event], self._clock)

    @staticmethod
    def count(tool: str, outcome: str, seconds: float) -> None:
        """Count a call that took so long; a tool that is none of ours is not counted."""
        MCP_CALLS.labels(tool, outcome).inc()
        MCP_DURATION.labels(tool).observe(seconds)
