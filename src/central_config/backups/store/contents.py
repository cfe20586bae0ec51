"""What a database holds, as far as it can be asked."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from central_config.backups.store import afterwards
from central_config.backups.store.afterwards import Known, Later
from central_config.backups.store.facts import moment_of
from central_config.core.db import Connection, open_database
from central_config.core.settings import Settings
from central_config.workspaces.service import timeline

_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError)
# What was done with backups is carried over to a restored database, so far back.
_RUNS = 1_000


class Contents(NamedTuple):
    """The workspaces of a database, and how many rows each table has."""

    workspaces: dict[UUID, Known]
    counts: dict[str, int]


class Asked:
    """A session with a database that is about to be replaced; `pid` is its own process there."""

    def __init__(self, connection: Connection, pid: int) -> None:
        self._connection = connection
        self.pid = pid

    async def later(self) -> Later | None:
        """Return what the restored database must not forget; None where it cannot be told."""
        with suppress(*_AWAY):
            return await afterwards.later(self._connection, _RUNS)
        return None


async def contents_of(url: str, settings: Settings) -> Contents | None:
    """Return what a database holds; None where it is not there or is not one of ours."""
    with suppress(*_AWAY):
        async with moment_of(url) as moment:
            facts = await moment.facts()
        async with _session(url, settings) as connection:
            return Contents(await afterwards.workspaces(connection), facts.counts)
    return None


async def answers_as(url: str, settings: Settings) -> int | None:
    """Return the number of the database an address leads to; None where it does not answer."""
    with suppress(*_AWAY):
        async with _session(url, settings) as connection:
            return (await timeline(connection)).database
    return None


@asynccontextmanager
async def asking(url: str, settings: Settings) -> AsyncGenerator[Asked | None]:
    """Hold a session with a database until the block ends; None where it lets nobody in."""
    async with AsyncExitStack() as stack:
        found: Asked | None = None
        with suppress(*_AWAY):
            connection = await stack.enter_async_context(_session(url, settings))
            pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            found = Asked(connection, pid)
        yield found


@asynccontextmanager
async def _session(url: str, settings: Settings) -> AsyncGenerator[Connection]:
    database = open_database(url, settings, application="central-config-restore")
    try:
        async with database.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection
    finally:
        await database.dispose()
