"""Reports of maintenance and verifications: kept, listed, shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from central_config.core.clock import Clock
from central_config.core.db import Database, transaction
from central_config.core.ids import new_id
from central_config.core.problems import Problem
from central_config.operations.model.plan import KEEP_REPORTS
from central_config.operations.model.reports import Report, Section, overall
from central_config.operations.store import reports


class Reports:
    """Keeps reports, and gives them out."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def page(
        self, conditions: Mapping[str, str], before: UUID | None, limit: int
    ) -> Sequence[Report]:
        """Return reports, newest first; conditions are `status` and `kind`."""
        async with transaction(self._database) as connection:
            return await reports.page(connection, conditions, before, limit)

    async def show(self, report_id: UUID) -> Report:
        """Return a report.

        Raises:
            Problem: `not-found`.
        """
        async with transaction(self._database) as connection:
            found = await reports.find(connection, report_id)
        if found is None:
            raise Problem("not-found", f"there is no report {report_id}")
        return found

    async def last(self, kind: str) -> Report | None:
        """Return the last report of a kind."""
        async with transaction(self._database) as connection:
            return await reports.last(connection, kind)

    async def keep(self, kind: str, began: datetime, sections: Sequence[Section]) -> Report:
        """Write down what was found since `began`, and return it as a report."""
        made = Report(new_id(), kind, began, self._clock.now(), overall(sections), sections)
        async with transaction(self._database) as connection:
            await reports.add(connection, made)
        return made

    async def purge(self) -> int:
        """Delete reports older than a year and a month; return how many."""
        async with transaction(self._database) as connection:
            return await reports.purge(connection, self._clock.now() - KEEP_REPORTS)
