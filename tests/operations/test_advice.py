"""Advice on indexes and tables, on situations that are really made."""

import pytest

from central_config.core.clock import SystemClock
from central_config.core.db import Database
from central_config.core.settings import Settings
from central_config.operations.model.reports import Status
from central_config.operations.service.upkeep.ground import Ground
from central_config.operations.service.upkeep.plans import MONTHLY
from central_config.operations.store import indexes
from tests.operations.conftest import execute, outside, section

pytestmark = pytest.mark.anyio


async def fill(database: Database, rows: int) -> None:
    await execute(
        database,
        "CREATE TABLE bulky (id int, other int) WITH (autovacuum_enabled = off)",
        f"INSERT INTO bulky SELECT n, n FROM generate_series(1, {rows}) AS n",  # noqa: S608
        "CREATE INDEX bulky_id ON bulky (id)",
    )


async def size(database: Database, name: str) -> int:
    async with database.connect() as connection:
        return next(e.bytes for e in await indexes.of_ours(connection) if e.name == name)


async def test_a_bloated_index_is_found_and_rebuilt_only_when_asked(
    ground: Ground, database: Database, settings: Settings
) -> None:
    await fill(database, 300_000)
    await outside(database, "VACUUM ANALYZE bulky")
    assert (await section(MONTHLY, "index bloat", ground)).status is Status.OK
    await execute(database, "DELETE FROM bulky WHERE id % 10 <> 0")
    await outside(database, "VACUUM ANALYZE bulky")
    before = await size(database, "public.bulky_id")
    found = await section(MONTHLY, "index bloat", ground)
    assert found.status is Status.WARNING
    assert found.advice == ["REINDEX INDEX CONCURRENTLY public.bulky_id;"]
    assert await size(database, "public.bulky_id") == before  # advice, and nothing more
    await outside(database, *found.advice)
    assert await size(database, "public.bulky_id") < before / 5
    await execute(database, "INSERT INTO bulky SELECT n, n FROM generate_series(1, 300000) AS n")
    await execute(database, "DELETE FROM bulky WHERE id % 10 <> 0")
    await outside(database, "VACUUM ANALYZE bulky")
    applying = Ground(database, settings, SystemClock(), apply=True)
    done = await section(MONTHLY, "index bloat", applying)
    assert done.status is Status.OK, done
    assert "freed" in done.summary
    assert await size(database, "public.bulky_id") < before / 4


async def test_an_unused_index_is_found_and_ones_of_the_service_are_not(
    ground: Ground, database: Database
) -> None:
    await fill(database, 60_000)
    await execute(
        database,
        "CREATE UNIQUE INDEX bulky_guard ON bulky (id)",
        "CREATE INDEX bulky_used ON bulky (other)",
        "ANALYZE bulky",
        # An index of the service that is large, and that nobody has used here yet.
        """INSERT INTO cc_report SELECT gen_random_uuid(), 'test.' || n, now(), now(), 'ok', '[]'
           FROM generate_series(1, 50000) AS n""",
    )
    await execute(database, "SELECT count(*) FROM bulky WHERE other = 5")
    found = await section(MONTHLY, "unused indexes", ground)
    assert found.status is Status.WARNING
    assert found.advice == ["DROP INDEX CONCURRENTLY public.bulky_id;"]
    assert found.facts["of_the_service"] == ["public.ix_cc_report_kind_finished_at"]


async def test_an_index_that_is_there_twice(ground: Ground, database: Database) -> None:
    assert (await section(MONTHLY, "doubled indexes", ground)).status is Status.OK
    await execute(
        database,
        # As older instructions have it; the service made the same one long ago.
        "CREATE INDEX idx_cc_audit_log_created_at ON cc_audit_log (created_at)",
        "CREATE TABLE small (id int PRIMARY KEY, a int, b int)",
        "CREATE INDEX small_a ON small (a)",
        "CREATE INDEX small_a_again ON small (a)",
        "CREATE INDEX small_a_part ON small (a) WHERE b > 0",
        "CREATE INDEX small_a_down ON small (a DESC)",
        "CREATE INDEX small_key ON small (id)",
    )
    found = await section(MONTHLY, "doubled indexes", ground)
    assert found.status is Status.WARNING
    assert sorted(found.advice) == [
        "DROP INDEX CONCURRENTLY public.idx_cc_audit_log_created_at;",
        "DROP INDEX CONCURRENTLY public.small_a_again;",
        "DROP INDEX CONCURRENTLY public.small_key;",
    ]


async def test_an_index_that_was_not_built_to_its_end(ground: Ground, database: Database) -> None:
    await execute(database, "CREATE TABLE twice (id int)", "INSERT INTO twice VALUES (1), (1)")
    with pytest.raises(Exception, match=r"duplicate|unique"):
        await outside(database, "CREATE UNIQUE INDEX CONCURRENTLY twice_id ON twice (id)")
    found = await section(MONTHLY, "doubled indexes", ground)
    assert found.status is Status.WARNING
    assert "public.twice_id was not built to its end" in found.summary
    assert list(found.advice) == ["DROP INDEX CONCURRENTLY public.twice_id;"]


async def test_a_large_table_read_whole_again_and_again(ground: Ground, database: Database) -> None:
    await fill(database, 20_000)
    await execute(database, "ANALYZE bulky")
    assert (await section(MONTHLY, "sequential scans", ground)).status is Status.OK
    for _ in range(60):
        await execute(database, "SELECT count(*) FROM bulky WHERE other = 5")
    found = await section(MONTHLY, "sequential scans", ground)
    assert found.status is Status.WARNING
    assert "public.bulky was read whole" in found.summary
    assert "EXPLAIN" in found.advice[0]


async def test_the_service_knows_its_own_indexes(database: Database) -> None:
    own = indexes.declared()
    async with database.connect() as connection:
        found = await indexes.of_ours(connection)
    assert [each.name for each in found if not each.guards and each.name not in own] == []
