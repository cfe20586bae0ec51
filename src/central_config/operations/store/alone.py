"""A connection for what runs outside of a transaction, and takes what it takes."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from central_config.core.db import Database, connect_arguments, connect_beside, open_connection

# Seconds, for a server that hangs.
_PATIENCE = 10


@asynccontextmanager
async def alone(database: Database, direct_url: str | None) -> AsyncGenerator[Any]:
    """Give a connection without a limit for statements.

    `direct_url`: the way past a transaction pooler, where there is one: through it, a setting
    might be made on one connection of the server and the statement run on another.
    """
    if direct_url is None:
        driver: Any = await connect_beside(database)
    else:
        driver = await open_connection(**connect_arguments(direct_url), timeout=_PATIENCE)
    try:
        await driver.execute("SET statement_timeout = 0")
        yield driver
    finally:
        await driver.close(timeout=_PATIENCE)


async def each_by_itself(driver: Any, statements: Sequence[str]) -> Mapping[str, str]:  # noqa: ANN401 - asyncpg is untyped
    """Run statements; return why not, of those that failed."""
    failed: dict[str, str] = {}
    for statement in statements:
        try:
            await driver.execute(statement)
        except asyncpg.PostgresError as error:
            failed[statement] = str(error)
    return failed
