"""The log's months as PostgreSQL keeps them, and taking one away."""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from central_config.core.db import Connection

_PARTITIONS = text("""
    SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'cc_audit_log'::regclass
""")
_BOUND = re.compile(r"FOR VALUES FROM \('([^']+)'\) TO \('([^']+)'\)")
_NEXT = text("""
    SELECT DISTINCT ON (log.chain) log.chain, log.previous
    FROM unnest(CAST(:chains AS uuid[]), CAST(:sequences AS bigint[])) AS cut (chain, sequence)
    JOIN cc_audit_log AS log ON log.chain = cut.chain AND log.sequence = cut.sequence + 1
""")
_DELETE = text("""
    DELETE FROM cc_audit_log AS log
    USING unnest(CAST(:chains AS uuid[]), CAST(:sequences AS bigint[])) AS cut (chain, sequence)
    WHERE log.chain = cut.chain AND log.sequence <= cut.sequence
      AND log.created_at < CAST(:until AS timestamptz)
      AND NOT (log.created_at >= CAST(:begins AS timestamptz)
               AND log.created_at < CAST(:ends AS timestamptz))
""")
# What waits for a lock stops everybody behind it in the queue, every writer: rather try again.
_PATIENCE = text("SET LOCAL lock_timeout = '500ms'")
# SQLSTATE of a lock that was not given in time, of a table that is gone, and of a deadlock.
_BUSY = ("55P03", "42P01", "40P01")
# Reading a month of a busy year takes longer than a statement usually may.
_UNHURRIED = text("SET LOCAL statement_timeout = '15min'")


class Partition(NamedTuple):
    """One month of the log; `ends` is the first moment that is not in it."""

    name: str
    begins: datetime
    ends: datetime


async def partitions(connection: Connection) -> list[Partition]:
    """Return the months there are, oldest first; what lies in no month is not among them."""
    found: list[Partition] = []
    for row in await connection.execute(_PARTITIONS):
        bound = _BOUND.fullmatch(row.bound)
        if bound is not None:
            begins, ends = (datetime.fromisoformat(each) for each in bound.groups())
            found.append(Partition(row.name, begins, ends))
    return sorted(found, key=lambda each: each.begins)


async def take_time(connection: Connection) -> None:
    """Let the statements of this transaction run for minutes."""
    await connection.execute(_UNHURRIED)


async def last_events(connection: Connection, partition: Partition) -> dict[UUID, int]:
    """Return the greatest sequence number of each chain that has events in the month."""
    query = f"SELECT chain, max(sequence) AS last FROM {_quoted(partition)} GROUP BY chain"  # noqa: S608
    return {row.chain: row.last for row in await connection.execute(text(query))}


async def count(connection: Connection, partition: Partition) -> int:
    """Return how many events the month holds."""
    query = f"SELECT count(*) FROM {_quoted(partition)}"  # noqa: S608 - a name of the catalogue
    return int((await connection.execute(text(query))).scalar_one())


async def named_predecessors(
    connection: Connection, ends: Sequence[tuple[UUID, int]]
) -> dict[UUID, bytes]:
    """Return the predecessor's hash that the event behind each end names, where there is one."""
    values = {"chains": [chain for chain, _ in ends], "sequences": [last for _, last in ends]}
    return {row.chain: row.previous for row in await connection.execute(_NEXT, values)}


class BusyError(Exception):
    """Others hold the log, or took the month away."""


@contextmanager
def _refusing() -> Generator[None]:
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _BUSY:
            raise BusyError from None
        raise


async def hold_still(connection: Connection, partition: Partition) -> None:
    """Let nobody write to the month, nor take it away, until the transaction ends."""
    with _refusing():
        await connection.execute(_PATIENCE)
        await connection.execute(text(f"LOCK TABLE {_quoted(partition)} IN SHARE MODE"))


async def drop(
    connection: Connection,
    partition: Partition,
    ends: Sequence[tuple[UUID, int]],
    until: datetime,
) -> None:
    """Delete what the chains hold up to `ends` elsewhere, all of it older than `until`; drop.

    PostgreSQL can only detach concurrently where there is no default partition, and outside of a
    transaction. Here the lock lasts from the detaching to the end of this transaction: so what has
    to read the log is done before, and `until` keeps it from reading all of the months that stay.
    """
    name = _quoted(partition)
    values = {
        "chains": [chain for chain, _ in ends],
        "sequences": [last for _, last in ends],
        "begins": partition.begins,
        "ends": partition.ends,
        "until": until,
    }
    with _refusing():
        await connection.execute(_PATIENCE)
        await connection.execute(_DELETE, values)
        await connection.execute(text(f"ALTER TABLE cc_audit_log DETACH PARTITION {name}"))
        await connection.execute(text(f"DROP TABLE {name}"))


def _quoted(partition: Partition) -> str:
    return '"' + partition.name.replace('"', '""').replace(":", "\\:") + '"'
