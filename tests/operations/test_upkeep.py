"""Daily and weekly care: what it really does to the database, and what it says when it cannot."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from central_config.core.clock import SystemClock
from central_config.core.db import Database
from central_config.core.settings import Settings
from central_config.operations.model.reports import Section, Status
from central_config.operations.service.reports import Reports
from central_config.operations.service.upkeep import machine
from central_config.operations.service.upkeep.ground import Ground, Step
from central_config.operations.service.upkeep.plans import DAILY, MONTHLY, PLANS, WEEKLY
from central_config.operations.service.upkeep.running import go_through
from central_config.operations.store import sizes, tables
from central_config.supervisor.valkey import ValkeyServer
from tests.operations.conftest import execute, section

pytestmark = pytest.mark.anyio


def silent(done: int, total: int, note: str) -> None:
    assert 0 <= done < total
    assert note


@pytest.mark.parametrize("name", sorted(PLANS))
async def test_every_plan_ends_with_a_report_that_is_kept(name: str, ground: Ground) -> None:
    made = await go_through(f"maintenance.{name}", PLANS[name], ground, silent)
    assert [each.name for each in made.sections] == [step.name for step in PLANS[name]]
    unknown = [each.name for each in made.sections if each.status is Status.UNKNOWN]
    # Nobody can audit where there is no network; and nobody has verified this log yet.
    assert set(unknown) <= {"security updates", "audit chain"}
    assert ("audit chain" in unknown) == (name == "daily")
    assert all(each.summary for each in made.sections)
    reports = Reports(ground.database, ground.clock)
    assert await reports.show(made.id) == made
    assert await reports.last(f"maintenance.{name}") == made


async def test_a_step_that_fails_or_hangs_is_unknown_and_the_others_go_on(ground: Ground) -> None:
    async def fails(_ground: Ground) -> Section:
        message = "password=hunter2"
        raise ValueError(message)

    async def hangs(_ground: Ground) -> Section:
        await asyncio.sleep(60)
        raise AssertionError

    async def works(_ground: Ground) -> Section:
        return Section("works", Status.OK, "yes")

    steps = [Step("fails", fails), Step("hangs", hangs, 0.1), Step("works", works)]
    made = await go_through("maintenance.daily", steps, ground, silent)
    assert [each.status for each in made.sections] == [Status.UNKNOWN, Status.UNKNOWN, Status.OK]
    assert made.status is Status.WARNING
    assert "hunter2" not in str(made)
    assert "ValueError" in made.sections[0].summary


async def test_vacuum_takes_what_is_due_and_nothing_else(
    ground: Ground, database: Database
) -> None:
    await execute(
        database,
        "CREATE TABLE littered (id int) WITH (autovacuum_enabled = off)",
        "INSERT INTO littered SELECT generate_series(1, 5000)",
        "DELETE FROM littered WHERE id > 1000",
        "CREATE TABLE tidy (id int) WITH (autovacuum_enabled = off)",
    )
    async with database.connect() as connection:
        dead = {each.name: each.dead for each in await tables.of_ours(connection)}
    assert dead["public.littered"] == 4000
    found = await section(WEEKLY, "vacuum", ground)
    assert found.status is Status.OK
    assert found.facts["vacuumed"]["public.littered"] == {"dead_before": 4000, "dead_after": 0}
    assert "public.tidy" not in found.facts["vacuumed"]
    again = await section(WEEKLY, "vacuum", ground)
    assert "public.littered" not in again.facts["vacuumed"]


async def test_a_table_somebody_holds_does_not_stop_the_others(
    ground: Ground, database: Database
) -> None:
    await execute(
        database,
        *(
            f"CREATE TABLE {name} WITH (autovacuum_enabled = off)"
            " AS SELECT generate_series(1, 500) AS id"
            for name in ("held", "loose")
        ),
    )
    async with database.begin() as connection:
        await connection.exec_driver_sql("LOCK TABLE held IN ACCESS EXCLUSIVE MODE")
        found = await section(WEEKLY, "vacuum", ground)
    assert "public.loose" in found.facts["vacuumed"]
    async with database.connect() as connection:
        seen = {each.name: each.analyzed_at for each in await tables.of_ours(connection)}
    assert seen["public.loose"] is not None
    assert seen["public.held"] is None
    assert found.status is Status.WARNING
    assert "public.held" in found.summary


async def test_sizes_become_a_forecast_when_there_are_enough_days(
    ground: Ground, database: Database, settings: Settings, tmp_path: Path
) -> None:
    await section(DAILY, "sizes", ground)
    early = await section(MONTHLY, "capacity", ground)
    assert early.status is Status.SKIPPED
    assert "not enough history: 1 of 7 days" in early.summary
    today = SystemClock().now().date()
    async with database.begin() as connection:
        now = {each.name: each for each in await sizes.now(connection)}
        for ago in range(1, 31):
            past = [
                sizes.Size("", now[""].bytes - ago * 1024**2, None),
                sizes.Size("cc_revision", now["cc_revision"].bytes, 300 - 10 * ago),
            ]
            await sizes.record(connection, today - timedelta(days=ago), past)
        current = sizes.Size("cc_revision", now["cc_revision"].bytes, 300)
        await sizes.record(connection, today, [current])
    found = await section(MONTHLY, "capacity", ground)
    assert found.status is Status.OK
    assert "grows by 102" in found.summary
    assert "10.0 revisions a day" in found.summary
    assert "how large its disk is, is not known here" in found.summary
    assert found.facts["database"]["bytes_a_day"] == pytest.approx(1024**2, rel=0.05)
    (tmp_path / "postgres").mkdir()
    here = settings.model_copy(update={"data_dir": tmp_path})
    local = await section(MONTHLY, "capacity", Ground(database, here, SystemClock()))
    free = shutil.disk_usage(tmp_path).free
    assert local.facts["days_left"] == pytest.approx(free / 1024**2, rel=0.1)


async def test_a_full_disk_and_a_log_nobody_rotates_are_seen(
    database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "postgres.log").write_bytes(b"x" * 1000)
    here = settings.model_copy(update={"data_dir": tmp_path})
    ground = Ground(database, here, SystemClock())
    assert (await section(DAILY, "logs", ground)).status is Status.OK
    monkeypatch.setattr(machine, "_UNBOUNDED", 999)
    grown = await section(DAILY, "logs", ground)
    assert grown.status is Status.WARNING
    assert "rotate postgres.log; do not truncate it" in grown.advice[0]
    monkeypatch.setattr(machine, "_FILLING", 2.0)
    assert (await section(DAILY, "disk", ground)).status is Status.WARNING
    monkeypatch.setattr(machine, "_ALMOST_FULL", 2.0)
    assert (await section(DAILY, "disk", ground)).status is Status.BAD


async def test_the_cache_tells_how_it_serves_or_that_nobody_could_ask(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    with ValkeyServer(data_dir=tmp_path / "valkey") as valkey:
        url = valkey.url
        here = settings.model_copy(update={"redis_url": type(settings.redis_url)(url)})  # pyright: ignore[reportCallIssue, reportOptionalCall]
        ground = Ground(database, here, SystemClock())
        found = await section(DAILY, "cache", ground)
        assert found.status is Status.OK
        assert {"keyspace_hits", "keyspace_misses", "hit_ratio"} <= set(found.facts)
    gone = await section(DAILY, "cache", ground)
    assert gone.status is Status.UNKNOWN
    assert "not available" in gone.summary
    assert url not in str(gone)
    bare = settings.model_copy(update={"redis_url": None})
    none = await section(DAILY, "cache", Ground(database, bare, SystemClock()))
    assert none.status is Status.SKIPPED


async def test_jobs_that_were_given_up_are_named(ground: Ground, database: Database) -> None:
    assert (await section(DAILY, "failed jobs", ground)).status is Status.OK
    await execute(
        database,
        """INSERT INTO cc_job (id, kind, arguments, status, attempts, note, error, created_at,
                               run_after, finished_at)
           VALUES (gen_random_uuid(), 'test.gone', '{}', 'failed', 4, '', 'no room left',
                   now(), now(), now())""",
    )
    found = await section(DAILY, "failed jobs", ground)
    assert found.status is Status.WARNING
    assert "test.gone" in found.summary
    assert "no room left" in found.summary


async def test_old_reports_go(ground: Ground, database: Database) -> None:
    reports = Reports(ground.database, ground.clock)
    section_ = Section("a", Status.OK, "fine")
    kept = await reports.keep("maintenance.daily", ground.clock.now(), [section_])
    old = await reports.keep("maintenance.daily", ground.clock.now(), [section_])
    await execute(
        database,
        f"""UPDATE cc_report SET finished_at = now() - interval '401 days' WHERE id = '{old.id}'""",  # noqa: S608 - an id
    )
    done = await section(DAILY, "expired rows", ground)
    assert done.facts["deleted"]["reports"] == 1
    assert [each.id for each in await reports.page({}, None, 10)] == [kept.id]
