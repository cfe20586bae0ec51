"""SQL of what is read: one statement writes down a minute of reads, whatever their number."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from central_config.configurations.model.cells import Site
from central_config.configurations.model.counts import Counted
from central_config.core.db import Connection

# In order, so that two replicas that write the same rows wait for each other rather than deadlock.
# A long gap means that reads may have gone uncounted: the clock starts anew.
_FLUSH = text("""
    WITH counting AS (
        INSERT INTO cc_use_counting AS c (id, began_at, flushed_at) VALUES (1, now(), now())
        ON CONFLICT (id) DO UPDATE SET flushed_at = now(), began_at =
            CASE WHEN :anew OR c.flushed_at < now() - make_interval(secs => :gap) THEN now()
                 ELSE c.began_at END)
    INSERT INTO cc_key_use AS k (environment_id, part, name, reads, first_read_at, last_read_at)
    SELECT u.environment_id, u.part, u.name, u.reads, now(), now()
    FROM unnest(CAST(:environment_id AS uuid[]), CAST(:part AS boolean[]),
                CAST(:name AS text[]), CAST(:reads AS bigint[]))
         AS u (environment_id, part, name, reads)
    JOIN cc_environment AS e ON e.id = u.environment_id AND e.deleted_at IS NULL
    ORDER BY u.environment_id, u.part, u.name COLLATE "C"
    ON CONFLICT (environment_id, part, name) DO UPDATE
    SET reads = k.reads + excluded.reads, last_read_at = excluded.last_read_at
""")
# Where nobody has written any down for too long, nobody counts, whatever was counted before.
_BEGAN = text("""
    SELECT began_at FROM cc_use_counting
    WHERE flushed_at >= now() - make_interval(secs => :gap)
""")
_PARTS = text("""
    SELECT environment_id, name, reads, last_read_at FROM cc_key_use
    WHERE part AND environment_id = ANY(CAST(:environment_id AS uuid[]))
""")
_KEYS = text("""
    SELECT k.environment_id, k.name, k.reads, k.last_read_at
    FROM unnest(CAST(:environment_id AS uuid[]), CAST(:name AS text[])) AS u (environment_id, name)
    JOIN cc_key_use AS k
      ON k.environment_id = u.environment_id AND NOT k.part AND k.name = u.name COLLATE "C"
""")
_FORGET_DELETED = text("""
    DELETE FROM cc_key_use WHERE environment_id IN
        (SELECT id FROM cc_environment WHERE deleted_at IS NOT NULL)
""")
# Of prefixes there can be any number. What was read by one counts as read with its whole
# environment: too much is taken to have been in use, never too little.
_FOLD_PREFIXES = text("""
    WITH gone AS (
        DELETE FROM cc_key_use
        WHERE part AND name <> '' AND last_read_at < now() - make_interval(days => :days)
        RETURNING environment_id, reads, first_read_at, last_read_at)
    INSERT INTO cc_key_use AS k (environment_id, part, name, reads, first_read_at, last_read_at)
    SELECT environment_id, true, '', sum(reads), min(first_read_at), max(last_read_at)
    FROM gone GROUP BY environment_id ORDER BY environment_id
    ON CONFLICT (environment_id, part, name) DO UPDATE
    SET reads = k.reads + excluded.reads,
        first_read_at = least(k.first_read_at, excluded.first_read_at),
        last_read_at = greatest(k.last_read_at, excluded.last_read_at)
""")
# What a row can be refused for: its data, a rule of the table, a limit of the server (classes of
# SQLSTATE).
_ROWS_OWN = ("22", "23", "54")


class Part(NamedTuple):
    """Reads of all keys of an environment that begin so."""

    prefix: str
    reads: int
    last: datetime


class Reads(NamedTuple):
    """Reads of a key by its name."""

    reads: int
    last: datetime


class RefusedError(Exception):
    """One of the rows can never be written."""


async def add(
    connection: Connection, counted: Sequence[Counted], gap: float, *, anew: bool = False
) -> None:
    """Add reads to what is known; after `gap` seconds without, or `anew`, counting begins anew.

    Raises:
        RefusedError: nothing was written because of what one of the rows holds.
    """
    columns: dict[str, object] = {
        "gap": gap,
        "anew": anew,
        "environment_id": [each.place.environment_id for each in counted],
        "part": [each.place.part for each in counted],
        "name": [each.place.name for each in counted],
        "reads": [each.reads for each in counted],
    }
    try:
        await connection.execute(_FLUSH, columns)
    except DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if not state.startswith(_ROWS_OWN):
            raise
        raise RefusedError from error


async def began(connection: Connection, gap: float) -> datetime | None:
    """Return since when reads have been counted; None: for `gap` seconds they have not been."""
    return (await connection.execute(_BEGAN, {"gap": gap})).scalar_one_or_none()


async def parts(
    connection: Connection, environments: Iterable[UUID]
) -> Mapping[UUID, Sequence[Part]]:
    """Return what was read of environments by prefix."""
    rows = await connection.execute(_PARTS, {"environment_id": list(environments)})
    found: dict[UUID, list[Part]] = {}
    for row in rows:
        found.setdefault(row.environment_id, []).append(Part(row.name, row.reads, row.last_read_at))
    return found


async def keys(connection: Connection, sites: Sequence[Site]) -> Mapping[Site, Reads]:
    """Return the reads of keys by name; those never read are left out."""
    columns = {
        "environment_id": [site.environment_id for site in sites],
        "name": [site.key for site in sites],
    }
    rows = await connection.execute(_KEYS, columns)
    return {Site(row.environment_id, row.name): Reads(row.reads, row.last_read_at) for row in rows}


async def forget(connection: Connection, days: int) -> None:
    """Forget the reads of environments that are no more, and which prefixes nobody read lately.

    Args:
        connection: of the caller's transaction.
        days: a prefix that nobody has read for so many is not told apart any longer.
    """
    await connection.execute(_FORGET_DELETED)
    await connection.execute(_FOLD_PREFIXES, {"days": days})
