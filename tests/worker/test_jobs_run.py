"""Jobs at a running worker: how they end, and what is lost on the way to it."""

import asyncio

import pytest
import redis

from central_config.core.ids import new_id
from central_config.core.jobs import store
from central_config.core.jobs.queue import QUEUE
from central_config.supervisor.valkey import ValkeyServer
from tests.worker.support import Bench, wait_for

pytestmark = pytest.mark.anyio


async def test_jobs_run_and_say_how_they_end(running: Bench) -> None:
    echo = await running.enqueue("test.echo", greeting="hello", numbers=[1, 2.5, None])
    hopeless = await running.enqueue("test.hopeless")
    unknown = await running.enqueue("test.from-the-future")
    done = await running.until(echo, "done", "failed")
    assert (done.status, done.result) == ("done", {"greeting": "hello", "numbers": [1, 2.5, None]})
    assert done.attempts == 1
    assert done.finished_at is not None
    failed = await running.until(hopeless, "failed")
    assert (failed.error, failed.attempts) == ("the bucket does not exist", 1)

    async def put_back() -> bool:
        job = await running.job(unknown)
        return job.status == "queued" and job.attempts == 1

    await wait_for(put_back, "a job to wait for a later version of the worker")
    assert "does not know" in str((await running.job(unknown)).error)
    async with running.database.connect() as connection:
        stats = await store.job_stats(connection)
    assert set(stats.counts) == {"queued", "running", "done", "failed", "cancelled"}
    assert stats.counts["failed"] == 1


async def test_progress_is_shown(running: Bench) -> None:
    job = await running.enqueue("test.slow", seconds=1)

    async def shown() -> bool:
        now = await running.job(job)
        return now.progress is not None and 0 < now.progress < 1 and now.note.startswith("step")

    await wait_for(shown, "progress")
    assert (await running.until(job, "done")).progress == 1


async def test_a_job_that_reports_as_it_ends_has_ended(running: Bench) -> None:
    # Its news and its end reach the heartbeat in the same turn of the loop, or one apart.
    jobs = [await running.enqueue("test.reporting", turns=turns) for turns in range(6)]
    for job in jobs:
        await running.until(job, "done")


async def test_a_message_delivered_twice_runs_the_job_once(running: Bench) -> None:
    job = await running.enqueue("test.slow", seconds=0.3)
    for _ in range(5):
        await running.queue.dispatch(job, job)
    await running.queue.dispatch(new_id())  # of a job that is not there
    await running.until(job, "done")
    await running.until(await running.enqueue("test.echo"), "done")
    assert len(await running.runs(job)) == 1
    assert (await running.job(job)).attempts == 1


async def test_a_flushed_queue_loses_no_work(running: Bench, valkey: ValkeyServer) -> None:
    busy = [await running.enqueue("test.slow", seconds=1) for _ in range(2)]
    for job in busy:
        await running.until_begun(job)
    waiting = [await running.enqueue("test.echo", n=n) for n in range(20)]
    with redis.Redis.from_url(valkey.url) as client, client.pipeline() as at_once:
        # At once: the sweeper may send them again before anybody looks.
        assert at_once.llen(QUEUE).flushall().llen(QUEUE).execute()[2] == 0
    for job in (*busy, *waiting):
        assert (await running.until(job, "done")).attempts == 1
        assert len(await running.runs(job)) == 1


async def test_a_failure_is_repeated_and_kept_without_secrets(running: Bench) -> None:
    job = await running.enqueue("test.flaky", succeeds_at=3)
    never = await running.enqueue("test.flaky", succeeds_at=9)
    done = await running.until(job, "done", "failed")
    assert (done.status, done.result, done.attempts) == ("done", "at last", 3)
    failed = await running.until(never, "failed")
    assert failed.attempts == 3
    assert str(failed.error).startswith("ValueError; the worker's log has the details")


async def test_a_time_limit_ends_a_job_in_words(running: Bench) -> None:
    job = await running.enqueue("test.short", seconds=10)
    failed = await running.until(job, "failed")
    assert failed.error == "stopped after its time limit of 0.5 s"


async def test_a_run_that_is_taken_away_ends(running: Bench) -> None:
    job = await running.enqueue("test.slow", seconds=20)
    await running.until_begun(job)
    await running.execute(
        "UPDATE cc_job SET status = 'cancelled', finished_at = now() WHERE id = :id", id=job
    )
    others = [await running.enqueue("test.slow", seconds=0.5) for _ in range(2)]
    await asyncio.gather(*(running.until(other, "done") for other in others))
    assert (await running.job(job)).status == "cancelled"
