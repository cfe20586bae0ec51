"""A connection of one's own for the one statement that must be quick.

The pool is made for everybody: it looks whether a connection lives, begins transactions, compiles
statements. A statement that is a transaction by itself needs one round trip and nothing of that.
"""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import event

from central_config.core.db import (
    STATEMENT_TIMEOUT_MS,
    Connection,
    Database,
    connect_beside,
    keeps_statements,
    lost_connection,
)

# The server itself ends a statement of ours; this ends the wait for a server that is gone.
_GONE_AFTER = STATEMENT_TIMEOUT_MS / 1000 + 5
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


class Statement:
    """SQL with named parameters (`:name`), ready for the driver, which knows numbers only."""

    def __init__(self, sql: str) -> None:
        names: dict[str, int] = {}

        def number(found: re.Match[str]) -> str:
            return f"${names.setdefault(found.group(1), len(names) + 1)}"

        self.sql = _PARAMETER.sub(number, sql)
        self.names: tuple[str, ...] = tuple(names)

    async def within(self, connection: Connection, values: Sequence[object]) -> Any:  # noqa: ANN401 - a row
        """Return the first row, or None, as part of a transaction that has begun.

        `values` are in the order of `names`.
        """
        driver: Any = (await connection.get_raw_connection()).driver_connection
        return await driver.fetchrow(self.sql, *values)


class LaneLostError(Exception):
    """The connection was lost while a statement was under way: what became of it is not known."""


class Lane:
    """Runs statements one at a time, each a transaction of its own.

    `usable` is false behind a pooler that drops prepared statements: there, one is prepared and
    run in two steps, and between them the server may become another one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._driver: Any = None
        self.usable = keeps_statements(database)
        event.listen(database.sync_engine, "engine_disposed", self._disposed)

    async def first(self, statement: Statement, values: Sequence[object]) -> Any:  # noqa: ANN401 - a row
        """Return the statement's first row, or None, once it is committed.

        Raises:
            LaneLostError: the connection was lost on the way.
            Exception: the database refused it, and nothing was done.
        """
        if self._driver is None or self._driver.is_closed():
            self._driver = await connect_beside(self._database)
        try:
            return await self._driver.fetchrow(statement.sql, *values, timeout=_GONE_AFTER)
        except BaseException as error:
            # Whatever it was: the next statement asks whoever answers at the address by then.
            self._drop()
            if isinstance(error, Exception) and lost_connection(error):
                raise LaneLostError from error
            raise

    def _drop(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.terminate()

    def _disposed(self, engine: object) -> None:
        del engine
        self._drop()
