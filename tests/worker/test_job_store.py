"""The rows of jobs: what a transaction, a second caller and a stale run can do to them."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from central_config.core.clock import SystemClock
from central_config.core.ids import new_id
from central_config.core.jobs import schedules, store
from central_config.core.jobs.model import DONE, JobKind, Reporter, Schedule
from tests.worker.support import Bench

pytestmark = pytest.mark.anyio


async def add(bench: Bench, key: str | None = None, **how: object) -> UUID:
    async with bench.database.begin() as connection:
        return await store.enqueue(connection, "test.echo", {}, dedupe_key=key, **how)  # pyright: ignore[reportArgumentType]


async def test_a_rolled_back_job_never_was(bench: Bench) -> None:
    async with bench.database.connect() as connection:
        job = await store.enqueue(connection, "test.echo", {})
        await connection.rollback()
        assert await store.find(connection, job) is None


async def test_the_same_work_is_enqueued_once(bench: Bench) -> None:
    ids = await asyncio.gather(*(add(bench, "same") for _ in range(8)))
    assert len(set(ids)) == 1
    async with bench.database.begin() as connection:
        run = await store.claim(connection, ids[0])
        assert run is not None
    assert await add(bench, "same") == ids[0]  # it runs
    async with bench.database.begin() as connection:
        assert await store.end(connection, run, DONE, result={"n": 1})
    assert await add(bench, "same") != ids[0]
    assert await add(bench) != await add(bench)


async def test_a_job_is_claimed_once_and_not_before_its_time(bench: Bench) -> None:
    job = await add(bench)

    async def claim() -> bool:
        async with bench.database.begin() as connection:
            return await store.claim(connection, job) is not None

    assert sorted(await asyncio.gather(*(claim() for _ in range(8)))) == [False] * 7 + [True]
    later = await add(bench, run_after=SystemClock().now() + timedelta(hours=1))
    async with bench.database.begin() as connection:
        assert await store.claim(connection, later) is None
        assert await store.overdue(connection, 0, 10) == []


async def test_a_run_that_was_given_up_can_write_nothing(bench: Bench) -> None:
    job = await add(bench)
    async with bench.database.begin() as connection:
        stale = await store.claim(connection, job)
        assert stale is not None
        assert await store.heartbeat(connection, stale, 0.5, "half")
        assert await store.put_back(connection, stale)
    async with bench.database.begin() as connection:
        fresh = await store.claim(connection, job)
        assert fresh is not None
        assert fresh.attempts == 2
        assert not await store.heartbeat(connection, stale, 0.9, "nearly")
        assert not await store.end(connection, stale, DONE)
        assert not await store.put_back(connection, stale)
        assert await store.end(connection, fresh, DONE, result=[1])
    async with bench.database.connect() as connection:
        found = await store.find(connection, job)
    assert found is not None
    assert (found.status, found.result, found.note) == (DONE, [1], "")


async def test_cancelled_and_failed_jobs_can_be_repeated(bench: Bench) -> None:
    first = await add(bench, "key")
    async with bench.database.begin() as connection:
        assert not await store.retry(connection, first)
        assert await store.cancel(connection, first)
        assert not await store.cancel(connection, first)
    second = await add(bench, "key")
    async with bench.database.begin() as connection:
        assert await store.retry(connection, first) is None
        assert await store.cancel(connection, second)
        assert await store.retry(connection, first)
        assert not await store.retry(connection, new_id())


async def test_old_jobs_are_purged_and_running_ones_are_not(bench: Bench) -> None:
    old, running, waiting = [await add(bench) for _ in range(3)]
    async with bench.database.begin() as connection:
        for job in (old, running):
            await store.claim(connection, job)
        await connection.execute(
            text("UPDATE cc_job SET status = 'done', finished_at = now() WHERE id = :id"),
            {"id": old},
        )
    async with bench.database.begin() as connection:
        moment = SystemClock().now()
        assert await store.purge(connection, moment - timedelta(hours=1)) == 0
        assert await store.purge(connection, moment + timedelta(hours=1)) == 1
        left = await store.page(connection, {}, None, 10)
        assert [job.id for job in left] == [waiting, running]
        assert [job.id for job in await store.page(connection, {}, waiting, 10)] == [running]
        assert [job.id for job in await store.page(connection, {"status": "running"}, None, 9)] == [
            running
        ]


def test_delays_grow_and_progress_stays_a_share() -> None:
    kind = JobKind("test", lambda _: asyncio.sleep(0), first_delay=5)
    assert [kind.delay(n) for n in (1, 2, 3, 20)] == [5, 10, 20, 600]
    report = Reporter()
    report(3, 4, "three of four")
    assert (report.share, report.note) == (0.75, "three of four")
    report(9, 4)
    assert report.share == 1
    report(1, 0)
    assert report.share is None


async def test_a_new_part_of_the_plan_waits_for_its_first_turn(bench: Bench) -> None:
    plan = [
        Schedule("test.now", "test.now", 60),
        Schedule("test.later", "test.later", 60, first_after=3600),
    ]
    async with bench.database.begin() as connection:
        await schedules.declare(connection, plan)
        first = [
            await store.find(connection, each) for each in await schedules.enqueue_due(connection)
        ]
        assert [each.kind for each in first if each is not None] == ["test.now"]
        await connection.execute(
            text("UPDATE cc_schedule SET not_before = now() WHERE name = 'test.later'")
        )
        await schedules.declare(connection, plan)  # a restart begins no turn anew
        then = [
            await store.find(connection, each) for each in await schedules.enqueue_due(connection)
        ]
        assert [each.kind for each in then if each is not None] == ["test.later"]
        assert await schedules.enqueue_due(connection) == []
