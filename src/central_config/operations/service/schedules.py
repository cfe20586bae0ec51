"""What runs by itself, and the operator's switch for it."""

from collections.abc import Sequence

from central_config.access.model import Caller
from central_config.audit import service as audit
from central_config.audit.model import Event
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, transaction
from central_config.core.jobs import schedules
from central_config.core.jobs.schedules import Planned
from central_config.core.problems import Problem


class Schedules:
    """Shows the plan, and switches parts of it on and off."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def everything(self) -> Sequence[Planned]:
        """Return the whole plan, by name."""
        async with transaction(self._database) as connection:
            return await schedules.everything(connection)

    async def switch(self, caller: Caller, name: str, *, enabled: bool) -> Planned:
        """Have a schedule enqueue its jobs, or not any more.

        Raises:
            Problem: `not-found`.
        """
        async with transaction(self._database) as connection:
            before = await _found(connection, name)
            if before.enabled == enabled:
                return before
            await schedules.switch(connection, name, enabled=enabled)
            action = "schedule.enabled" if enabled else "schedule.disabled"
            event = Event(action, f"schedule:{name}", caller.actor)
            await audit.record(connection, [event], self._clock)
            return await _found(connection, name)


async def _found(connection: Connection, name: str) -> Planned:
    planned = await schedules.find(connection, name)
    if planned is None:
        raise Problem("not-found", f"there is no schedule {name}")
    return planned
