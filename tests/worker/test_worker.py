"""Worker processes that are killed, stopped and cut off."""

import os
import signal
import time
from uuid import UUID

import pytest

from central_config.core.jobs.queue import JobQueue
from central_config.supervisor.valkey import ValkeyServer
from tests.worker.support import Bench, Start, wait_for

pytestmark = pytest.mark.anyio


async def until_ended(pid: int) -> None:
    async def gone() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    await wait_for(gone, f"process {pid} to end")


async def test_a_killed_worker_costs_a_run_not_the_job(bench: Bench, start: Start) -> None:
    worker = start("worker")
    twice = await bench.enqueue("test.slow", seconds=20, first_only=True)
    once = await bench.enqueue("test.once", seconds=20)
    child = await bench.until_begun(twice)
    await bench.until_begun(once)
    worker.kill()
    await until_ended(child)
    start("beat")
    start("worker")
    done = await bench.until(twice, "done", "failed")
    assert (done.status, done.attempts) == ("done", 2)
    failed = await bench.until(once, "failed")
    assert failed.error == "the worker ended in the middle of run 1"


async def test_a_stopped_worker_puts_its_jobs_back(bench: Bench, start: Start) -> None:
    worker = start("worker")
    job = await bench.enqueue("test.slow", seconds=20)
    await bench.until_begun(job)
    code, seconds = await worker.stop()
    assert code == 0, worker.text()
    assert seconds < 15
    back = await bench.job(job)
    assert (back.status, back.attempts) == ("queued", 0)


async def test_a_job_that_blocks_cannot_hold_a_stop_up(bench: Bench, start: Start) -> None:
    worker = start("worker")
    job = await bench.enqueue("test.stuck")
    child = await bench.until_begun(job)
    code, seconds = await worker.stop()
    assert code == 1
    assert seconds < 15
    await until_ended(child)
    start("beat")
    assert (await bench.until(job, "queued")).attempts == 1


async def test_a_worker_outlives_its_queue(
    bench: Bench, start: Start, valkey: ValkeyServer
) -> None:
    worker = start("worker")
    first = await bench.enqueue("test.slow", seconds=2)
    await bench.until_begun(first)
    valkey.force_stop()
    unsent = await bench.enqueue("test.echo", dispatch=False)
    begin = time.monotonic()
    assert not await bench.queue.dispatch(unsent)
    assert not await JobQueue(None).dispatch(unsent)
    assert time.monotonic() - begin < 5
    assert (await bench.until(first, "done")).attempts == 1
    valkey.start()
    start("beat")
    assert (await bench.until(unsent, "done")).attempts == 1
    valkey.force_stop()
    code, seconds = await worker.stop()
    assert code in {0, 1}
    assert seconds < 15


async def test_waiting_jobs_are_not_sent_again_and_again(bench: Bench, start: Start) -> None:
    for n in range(10):
        await bench.enqueue("test.echo", n=n)
    beat = start("beat")
    await beat.until_logged("this scheduler leads")
    begin = time.monotonic()
    while time.monotonic() - begin < 2:
        length = await bench.queue.length()
        assert length is not None
        assert length <= 12  # these and what the schedule holds


async def test_long_jobs_leave_a_place_free(bench: Bench, start: Start) -> None:
    """Two children: of three long jobs one runs, and what is short does not wait for it."""
    worker = start("worker")
    start("beat")
    kinds = ("test.long", "test.modest", "test.long")
    long = [await bench.enqueue(kind, seconds=20, first_only=True) for kind in kinds]
    for _ in range(3):
        short = await bench.enqueue("test.echo")
        assert (await bench.until(short, "done")).attempts == 1
    begun = [each for each in long if await bench.runs(each)]
    assert len(begun) == 1, worker.text()
    os.kill(await bench.until_begun(begun[0]), signal.SIGKILL)  # its place is free again
    others = [each for each in long if each not in begun]
    await wait_for(lambda: any_begun(bench, others), "another long job to begin")


async def any_begun(bench: Bench, jobs: list[UUID]) -> bool:
    return any([await bench.runs(each) for each in jobs])
