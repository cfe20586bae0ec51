"""What every replica measures in the database for everybody: jobs, schedulers, the audit log."""

import asyncio
from collections.abc import Callable

from central_config.core.db import Database, transaction
from central_config.core.jobs.model import STATUSES
from central_config.core.metrics import (
    AUDIT_CHAIN_CHECK_AGE,
    AUDIT_CHAIN_INTACT,
    BEAT_LEADERS,
    JOBS,
    JOBS_OLDEST_QUEUED,
)
from central_config.operations.model.measures import LastKnown
from central_config.operations.store import measures

# What else is done in the same turn shall not wait long for a database that hangs (seconds).
_PATIENCE = 5.0


class Measuring:
    """Keeps the last answer, from which the metrics are worked out when they are scraped.

    So a scrape never asks the database, and a database that hangs makes no number look young.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known = known = LastKnown()
        for status in STATUSES:
            JOBS.labels(status).set_function(_of(known, status))
        JOBS_OLDEST_QUEUED.set_function(known.oldest_queued)
        BEAT_LEADERS.set_function(known.beat_leaders)
        AUDIT_CHAIN_INTACT.set_function(known.chain_intact)
        AUDIT_CHAIN_CHECK_AGE.set_function(known.chain_check_age)

    async def measure(self) -> None:
        """Ask the database once."""
        async with asyncio.timeout(_PATIENCE), transaction(self._database) as connection:
            self._known.take(await measures.measures(connection))


def _of(known: LastKnown, status: str) -> Callable[[], float]:
    return lambda: known.jobs(status)
