"""SQL of how large the database and its tables are, and were."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from central_config.core.db import Connection
from central_config.operations.tables import cc_size

# Sizes wait for whoever holds a table alone; nobody should wait long for a figure.
_PATIENCE = text("SET LOCAL lock_timeout = '5s'")
# A partitioned table is the sum of its partitions; the planner's estimate of rows is near enough.
_NOW = text("""
    SELECT '' AS name, pg_database_size(current_database()) AS bytes, NULL::bigint AS rows
    UNION ALL
    SELECT coalesce(p.inhparent, c.oid)::regclass::text AS name,
           sum(pg_total_relation_size(c.oid))::bigint AS bytes,
           sum(greatest(pg_stat_get_live_tuples(c.oid), 0))::bigint AS rows
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        LEFT JOIN pg_inherits AS p ON p.inhrelid = c.oid
    WHERE c.relkind = 'r' AND n.nspname = 'public' AND pg_has_role(c.relowner, 'USAGE')
    GROUP BY 1
""")


class Size(NamedTuple):
    """How large something was; an empty name is the whole database, which has no rows."""

    name: str
    bytes: int
    rows: int | None


class DatedSize(NamedTuple):
    """The same on a day."""

    day: date
    name: str
    bytes: int
    rows: int | None


async def now(connection: Connection) -> Sequence[Size]:
    """Measure everything."""
    await connection.execute(_PATIENCE)
    return [Size(*row) for row in (await connection.execute(_NOW)).all()]


async def record(connection: Connection, day: date, found: Sequence[Size]) -> None:
    """Write down a day's sizes; measured twice, the later ones count."""
    query = insert(cc_size).values([{"day": day, **each._asdict()} for each in found])
    changed = {name: query.excluded[name] for name in ("bytes", "rows")}
    await connection.execute(
        query.on_conflict_do_update(index_elements=["day", "name"], set_=changed)
    )


async def history(connection: Connection, since: date) -> Sequence[DatedSize]:
    """Return all sizes since a day, oldest first."""
    columns = [cc_size.c[name] for name in DatedSize._fields]
    query = select(*columns).where(cc_size.c.day >= since).order_by(cc_size.c.day, cc_size.c.name)
    return [DatedSize(*row) for row in (await connection.execute(query)).all()]


async def purge(connection: Connection, before: date) -> None:
    """Forget older days."""
    await connection.execute(delete(cc_size).where(cc_size.c.day < before))
