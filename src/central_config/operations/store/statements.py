"""What pg_stat_statements counted, wherever the extension is.

It counts for the whole server, but is asked in a database where it was created: ours, or on the
one machine the maintenance database.
"""

from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from central_config.core.db import Database, connect_arguments, connect_beside, open_connection

_MAINTENANCE_DATABASE = "postgres"
_PATIENCE = 10  # seconds
_WHERE = """
    SELECT quote_ident(n.nspname) FROM pg_extension AS e
        JOIN pg_namespace AS n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_stat_statements'
"""
# Statements that are not of these kinds may hold a password in clear (ALTER ROLE), and their text
# is never fetched. The names of the columns are those since PostgreSQL 13.
_SHOWN = r"'^\s*(/\*.*?\*/\s*)?(select|insert|update|delete|with|merge)\y'"
_TOP = r"""
    WITH counted AS (
        SELECT s.queryid, sum(s.calls)::bigint AS calls,
               sum(s.total_exec_time) / 1000 AS total,
               sum(s.total_exec_time) / greatest(sum(s.calls), 1) / 1000 AS mean,
               max(s.max_exec_time) / 1000 AS longest, sum(s.rows)::bigint AS rows,
               max(CASE WHEN s.query ~* {shown}
                        THEN left(regexp_replace(s.query, '\s+', ' ', 'g'), 300) END) AS query
        FROM {schema}.pg_stat_statements AS s JOIN pg_database AS d ON d.oid = s.dbid
        WHERE d.datname = $1
        GROUP BY s.queryid),
    placed AS (
        SELECT *, row_number() OVER (ORDER BY mean DESC) AS by_mean,
               row_number() OVER (ORDER BY total DESC) AS by_total,
               row_number() OVER (ORDER BY calls DESC) AS by_calls,
               sum(calls) OVER () AS all_calls, sum(total) OVER () AS all_total
        FROM counted)
    SELECT queryid, query, calls, total, mean, longest, rows, by_mean, by_total, by_calls,
           all_calls::bigint, all_total
    FROM placed WHERE by_mean <= $2 OR by_total <= $2 OR by_calls <= $2
"""
_SINCE = "SELECT stats_reset FROM {schema}.pg_stat_statements_info"


class NotCountedError(Exception):
    """Nobody counts statements, or we may not look; the text says which."""


class Statement(NamedTuple):
    """One statement. Times are seconds; `by_*` is its place in that order, from 1.

    `query` is None for a statement whose text may hold a secret.
    """

    queryid: int | None
    query: str | None
    calls: int
    total: float
    mean: float
    longest: float
    rows: int
    by_mean: int
    by_total: int
    by_calls: int


class Statements(NamedTuple):
    """The statements that stand out, and the sums over all of our database's."""

    top: list[Statement]
    calls: int
    total: float
    since: datetime | None
    place: str


async def statements(database: Database, url: str, most: int = 5) -> Statements:
    """Return what was counted in our database, the first `most` by each order.

    Raises:
        NotCountedError: there is no pg_stat_statements that we may ask.
    """
    ours: Any = await connect_beside(database)
    try:
        name: str = await ours.fetchval("SELECT current_database()")
        schema: str | None = await ours.fetchval(_WHERE)
        if schema is not None:
            return await _fetched(ours, schema, name, most, "this database")
    finally:
        await ours.close()
    return await _in_maintenance_database(url, name, most)


async def _in_maintenance_database(url: str, name: str, most: int) -> Statements:
    arguments = {**connect_arguments(url), "database": _MAINTENANCE_DATABASE}
    try:
        theirs: Any = await open_connection(**arguments, timeout=_PATIENCE)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        message = f"not in this database, and {_MAINTENANCE_DATABASE} refuses: {error}"
        raise NotCountedError(message) from error
    try:
        schema: str | None = await theirs.fetchval(_WHERE)
        if schema is None:
            message = "the extension pg_stat_statements was not created"
            raise NotCountedError(message)
        return await _fetched(theirs, schema, name, most, f"database {_MAINTENANCE_DATABASE}")
    finally:
        await theirs.close()


async def _fetched(driver: Any, schema: str, name: str, most: int, place: str) -> Statements:  # noqa: ANN401 - asyncpg is untyped
    try:
        query = _TOP.format(schema=schema, shown=_SHOWN)
        rows = await driver.fetch(query, name, most, timeout=_PATIENCE)
        since = await driver.fetchval(_SINCE.format(schema=schema), timeout=_PATIENCE)
    except asyncpg.PostgresError as error:
        # Not preloaded, or not allowed.
        raise NotCountedError(str(error)) from error
    top = [Statement(*(row[name] for name in Statement._fields)) for row in rows]
    if not rows:
        return Statements([], 0, 0.0, since, place)
    return Statements(top, rows[0]["all_calls"], rows[0]["all_total"], since, place)
