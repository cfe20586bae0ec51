"""A database with months behind it, and a clock that stands where a test puts it."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from central_config.audit.model import SYSTEM, Event
from central_config.audit.service import record
from central_config.core.db import Database, open_database
from central_config.core.settings import Settings

SHOP, BANK = UUID(int=7), UUID(int=8)


class StoodClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def day(text_: str) -> datetime:
    """Return the midnight, or the moment, that a text names in UTC."""
    return datetime.fromisoformat(text_).replace(tzinfo=UTC)


class Past:
    """Writes events as if they had happened long ago."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = StoodClock(day("2026-11-23T12:00:00"))

    async def execute(self, statement: str, **values: object) -> list[object]:
        async with self.database.begin() as connection:
            result = await connection.execute(text(statement), values)
            return list(result.scalars()) if result.returns_rows else []

    async def months(self, *months: str) -> None:
        """Make the partitions of these months (`2025-09`)."""
        for month in months:
            year, number = (int(part) for part in month.split("-"))
            after = f"{year + number // 12}-{number % 12 + 1:02d}"
            await self.execute(
                f"CREATE TABLE cc_audit_log_y{year}m{number:02d} PARTITION OF cc_audit_log"
                f" FOR VALUES FROM ('{month}-01T00:00:00Z') TO ('{after}-01T00:00:00Z')"
            )

    async def event(self, moment: str, workspace: UUID | None = SHOP, **details: int) -> None:
        """Write one event of that moment."""
        await self.events([moment], workspace, **details)

    async def events(
        self, moments: Sequence[str], workspace: UUID | None = SHOP, **details: int
    ) -> None:
        """Write events of those moments, in this order."""
        async with self.database.begin() as connection:
            for moment in moments:
                event = Event("test.happened", "test:1", SYSTEM, workspace, details)
                await record(connection, [event], StoodClock(day(moment)))

    async def partitions(self) -> list[object]:
        return await self.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'cc_audit_log'::regclass AND"
            " inhrelid::regclass::text < 'cc_audit_log_y2026m11' ORDER BY 1"
        )


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    engine = open_database(database_url, Settings())
    yield engine
    await engine.dispose()


@pytest.fixture
async def past(database: Database) -> Past:
    """Two chains over four months, of which two are past a retention of 13 months."""
    found = Past(database)
    await found.months("2025-08", "2025-09", "2025-10", "2025-11")
    await found.events(["2025-08-03", "2025-08-31T23:59:59", "2025-09-01"], SHOP, n=1)
    await found.events(["2025-09-05", "2025-10-02", "2025-10-05"], BANK)
    await found.events(["2025-09-30T23:59:59", "2025-10-01", "2025-11-02"], SHOP)
    await found.events(["2026-11-20"], None)
    return found
