"""Jobs in real worker processes, through everything that can happen to them."""

import os
import time
from uuid import UUID

import pytest
import redis
from conftest import Bench, Start, wait_for

from central_config.core.ids import new_id
from central_config.core.jobs import store
from central_config.core.jobs.queue import JobQueue
from central_config.supervisor.valkey import ValkeyServer

pytestmark = pytest.mark.anyio


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_jobs_run_and_say_how_they_end(bench: Bench, start: Start) -> None:
    start("worker")
    echo = await bench.enqueue("test.echo", greeting="hello", numbers=[1, 2.5, None])
    hopeless = await bench.enqueue("test.hopeless")
    unknown = await bench.enqueue("test.from-the-future")
    slow = await bench.enqueue("test.slow", seconds=0.5)
    done = await bench.until(echo, "done", "failed")
    assert (done.status, done.result) == ("done", {"greeting": "hello", "numbers": [1, 2.5, None]})
    assert done.attempts == 1
    assert done.finished_at is not None
    failed = await bench.until(hopeless, "failed")
    assert (failed.error, failed.attempts) == ("the bucket does not exist", 1)

    async def shown() -> bool:
        job = await bench.job(slow)
        return job.progress is not None and 0 < job.progress < 1 and job.note.startswith("step")

    await wait_for(shown, "progress")
    assert (await bench.until(slow, "done")).progress == 1
    waiting = await bench.job(unknown)
    assert waiting.status == "queued"  # a later version of the worker may know it
    assert "does not know" in str(waiting.error)
    async with bench.database.connect() as connection:
        stats = await store.job_stats(connection)
    assert stats.counts == {"queued": 1, "running": 0, "done": 2, "failed": 1, "cancelled": 0}


async def test_a_message_delivered_twice_runs_the_job_once(bench: Bench, start: Start) -> None:
    job = await bench.enqueue("test.slow", seconds=0.3)
    for _ in range(5):
        await bench.queue.dispatch(job, job)
    assert await bench.queue.length() == 11
    await bench.queue.dispatch(new_id())  # of a job that is not there
    start("worker")
    await bench.until(job, "done")
    last = await bench.enqueue("test.echo")
    await bench.until(last, "done")
    assert len(await bench.runs(job)) == 1
    assert (await bench.job(job)).attempts == 1


async def test_a_flushed_queue_loses_no_work(
    bench: Bench, start: Start, redis_client: redis.Redis
) -> None:
    early = [await bench.enqueue("test.echo", n=n) for n in range(20)]
    redis_client.flushall()
    worker = start("worker")
    await worker.until_logged("ready.")
    begun = await bench.enqueue("test.slow", seconds=1)
    await bench.until_begun(begun)
    redis_client.flushall()
    late = [await bench.enqueue("test.echo", n=n) for n in range(20)]
    redis_client.flushall()
    start("beat")
    for job in (*early, begun, *late):
        assert (await bench.until(job, "done")).attempts == 1
    assert len(await bench.runs(begun)) == 1


async def test_waiting_jobs_are_not_sent_again_and_again(bench: Bench, start: Start) -> None:
    jobs = [await bench.enqueue("test.echo", n=n) for n in range(10)]
    beat = start("beat")
    await beat.until_logged("this scheduler leads")
    begin = time.monotonic()
    while time.monotonic() - begin < 1.5:
        length = await bench.queue.length()
        assert length is not None
        assert length <= 12  # these and what the schedule holds
    start("worker")
    for job in jobs:
        await bench.until(job, "done")


async def test_a_killed_worker_costs_a_run_not_the_job(bench: Bench, start: Start) -> None:
    start("beat")
    worker = start("worker")
    twice = await bench.enqueue("test.slow", seconds=15, first_only=True)
    once = await bench.enqueue("test.once", seconds=15)
    (child,) = await bench.until_begun(twice)
    await bench.until_begun(once)
    worker.kill()

    async def gone() -> bool:
        return not alive(child)

    await wait_for(gone, "the job's process to follow the worker")
    start("worker")
    done = await bench.until(twice, "done", "failed")
    assert (done.status, done.attempts) == ("done", 2)
    failed = await bench.until(once, "failed")
    assert failed.error == "the worker ended in the middle of run 1"


async def test_a_failure_is_repeated_and_kept_without_secrets(bench: Bench, start: Start) -> None:
    start("beat")
    start("worker")
    job = await bench.enqueue("test.flaky", succeeds_at=3)
    never = await bench.enqueue("test.flaky", succeeds_at=9)
    done = await bench.until(job, "done", "failed")
    assert (done.status, done.result, done.attempts) == ("done", "at last", 3)
    failed = await bench.until(never, "failed")
    assert failed.attempts == 3
    assert str(failed.error).startswith("ValueError; the worker's log has the details")


async def test_a_time_limit_ends_a_job_in_words(bench: Bench, start: Start) -> None:
    start("worker")
    job = await bench.enqueue("test.short", seconds=10)
    failed = await bench.until(job, "failed")
    assert failed.error == "stopped after its time limit of 0.5 s"


async def test_a_stopped_worker_puts_its_jobs_back(bench: Bench, start: Start) -> None:
    worker = start("worker")
    job = await bench.enqueue("test.slow", seconds=10)
    await bench.until_begun(job)
    code, seconds = await worker.stop()
    assert code == 0, worker.text()
    assert seconds < 2.5
    back = await bench.job(job)
    assert (back.status, back.attempts) == ("queued", 0)
    idle = start("worker")
    await idle.until_logged("ready.")
    code, seconds = await idle.stop()
    assert code == 0
    assert seconds < 2.5


async def test_a_job_that_blocks_cannot_hold_a_stop_up(bench: Bench, start: Start) -> None:
    worker = start("worker")
    job = await bench.enqueue("test.stuck")
    (child,) = await bench.until_begun(job)
    code, seconds = await worker.stop()
    assert (code, seconds < 5) == (1, True)

    async def gone() -> bool:
        return not alive(child)

    await wait_for(gone, "the job's process to end")
    start("beat")
    start("worker")
    assert (await bench.until(job, "done")).attempts == 2


async def test_a_worker_outlives_its_queue(
    bench: Bench, start: Start, valkey: ValkeyServer
) -> None:
    start("beat")
    worker = start("worker")
    first = await bench.enqueue("test.slow", seconds=1.5)
    await bench.until_begun(first)
    valkey.force_stop()
    unsent = await enqueue_without_queue(bench)
    assert (await bench.until(first, "done")).attempts == 1
    valkey.start()
    assert (await bench.until(unsent, "done")).attempts == 1
    valkey.force_stop()
    assert (await worker.stop())[1] < 4
    valkey.start()


async def enqueue_without_queue(bench: Bench) -> UUID:
    job = await bench.enqueue("test.echo", dispatch=False)
    begin = time.monotonic()
    assert not await bench.queue.dispatch(job)
    assert time.monotonic() - begin < 3
    assert not await JobQueue(None).dispatch(job)
    return job
