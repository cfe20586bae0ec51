"""Deleting what is over and preparing what is to come."""

from central_config.access.service import purge_sessions
from central_config.audit import service as audit
from central_config.core import idempotency
from central_config.core.clock import Clock
from central_config.core.db import Database, transaction
from central_config.core.jobs import store
from central_config.core.json import JSON
from central_config.operations.model.plan import (
    KEEP_ANSWERS,
    KEEP_EXPIRED_SESSIONS,
    KEEP_FINISHED_JOBS,
    MONTHS_AHEAD,
)


class Maintenance:
    """Deletes what is over and prepares what is to come."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def sessions(self) -> int:
        """Delete sign-ins that expired a week ago; return how many."""
        async with transaction(self._database) as connection:
            return await purge_sessions(connection, self._clock.now() - KEEP_EXPIRED_SESSIONS)

    async def answers(self) -> int:
        """Delete answers kept for repeated requests; return how many."""
        async with transaction(self._database) as connection:
            return await idempotency.purge(connection, self._clock.now() - KEEP_ANSWERS)

    async def jobs(self) -> int:
        """Delete jobs that ended a month ago; return how many."""
        async with transaction(self._database) as connection:
            return await store.purge(connection, self._clock.now() - KEEP_FINISHED_JOBS)

    async def audit_partitions(self) -> dict[str, JSON]:
        """Make the audit log's partitions of the coming months."""
        async with transaction(self._database) as connection:
            await audit.ensure_partitions(connection, MONTHS_AHEAD)
        return {"months_ahead": MONTHS_AHEAD}
