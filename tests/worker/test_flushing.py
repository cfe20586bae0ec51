"""Somebody flushes Redis again and again while jobs come and run: every one is done, once."""

import asyncio
from typing import cast
from uuid import UUID

import pytest
import redis

from central_config.core.jobs.queue import QUEUE
from central_config.core.settings import with_database_number
from central_config.supervisor.valkey import ValkeyServer
from tests.worker.support import Bench

pytestmark = pytest.mark.anyio

JOBS, SLOW = 120, 6
EVERY = 0.15  # seconds between two flushes


async def flush(valkey: ValkeyServer, stop: asyncio.Event) -> int:
    """Flush everything until told to stop; return how many messages that took from workers."""
    lost = 0
    with redis.Redis.from_url(with_database_number(valkey.url, 1)) as client:
        while not stop.is_set():
            lost += cast("int", client.llen(QUEUE))
            client.flushall()
            await asyncio.sleep(EVERY)
    return lost


async def enqueue(bench: Bench) -> list[UUID]:
    made: list[UUID] = []
    for number in range(JOBS):
        slow = number % (JOBS // SLOW) == 0
        kind, given = ("test.slow", {"seconds": 0.5}) if slow else ("test.echo", {"n": number})
        made.append(await bench.enqueue(kind, dispatch=False, **given))
        await bench.queue.dispatch(made[-1])
        await asyncio.sleep(0.01)
    return made


async def test_every_job_is_done_once_whatever_is_flushed(
    running: Bench, valkey: ValkeyServer
) -> None:
    stop = asyncio.Event()
    flushing = asyncio.create_task(flush(valkey, stop))
    made = await enqueue(running)
    await asyncio.sleep(1)
    stop.set()
    assert await flushing > JOBS / 10
    for job in made:
        assert (await running.until(job, "done", "failed")).status == "done"
    runs = await running.execute(
        "SELECT count(*) FROM test_run WHERE job = ANY(:made) GROUP BY job", made=made
    )
    assert runs == [1] * JOBS
