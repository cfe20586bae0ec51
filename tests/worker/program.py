"""The worker or the scheduler as a process, with jobs made for the tests: `program.py worker|beat`.

Settings come from the environment; times are short.
"""

import asyncio
import importlib
import os
import sys
import time

from sqlalchemy import text

from central_config.core.jobs.model import JobContext, JobFailedError, JobKind, Schedule
from central_config.core.json import JSON
from central_config.core.settings import get_settings
from central_config.worker.kinds import KINDS, SERVICES
from central_config.worker.workshop import Timing, Workshop


async def note_run(context: JobContext) -> None:
    async with context.database.begin() as connection:
        await connection.execute(
            text("INSERT INTO test_run (job, pid, attempt) VALUES (:job, :pid, :attempt)"),
            {"job": context.job.id, "pid": os.getpid(), "attempt": context.job.attempts},
        )


async def echo(context: JobContext) -> JSON:
    await note_run(context)
    return dict(context.arguments)


async def slow(context: JobContext) -> JSON:
    """Take some seconds, in the first run only if so asked."""
    await note_run(context)
    first_only = context.arguments.get("first_only") and context.job.attempts > 1
    steps = 1 if first_only else int(float(str(context.arguments["seconds"])) * 20)
    for step in range(steps):
        context.progress(step, steps, f"step {step}")
        await asyncio.sleep(0.05)
    return steps


async def reporting(context: JobContext) -> JSON:
    """Say so just before the end."""
    await note_run(context)
    await asyncio.sleep(0.1)
    for _ in range(int(str(context.arguments["turns"]))):
        await asyncio.sleep(0)
    context.progress(1, 1, "done")
    return None


async def stuck(context: JobContext) -> JSON:
    """Block everything: what a job must not do."""
    await note_run(context)
    if context.job.attempts == 1:
        time.sleep(30)  # noqa: ASYNC251 - the point of it
    return None


async def flaky(context: JobContext) -> JSON:
    await note_run(context)
    if context.job.attempts < int(str(context.arguments["succeeds_at"])):
        raise ValueError("password=hunter2")
    return "at last"


async def hopeless(context: JobContext) -> JSON:
    await note_run(context)
    raise JobFailedError("the bucket does not exist")


WORKSHOP = Workshop(
    kinds={
        **KINDS,
        **{
            kind.name: kind
            for kind in (
                JobKind("test.echo", echo),
                JobKind("test.slow", slow, limit=20),
                JobKind("test.long", slow, limit=1000),
                JobKind("test.modest", slow, limit=20, long=True),
                JobKind("test.short", slow, limit=0.5),
                JobKind("test.once", slow, limit=20, retries=0),
                JobKind("test.reporting", reporting, limit=20),
                JobKind("test.stuck", stuck),
                JobKind("test.flaky", flaky, retries=2, first_delay=0.05),
                JobKind("test.hopeless", hopeless),
            )
        },
    },
    schedule=(Schedule("test.daily", "test.echo", 86_400, {"scheduled": True}),),
    services=SERVICES,
    timing=Timing(
        heartbeat=0.3,
        progress=0.1,
        lost_after=4,
        cleanup=1,
        stop_within=6,
        sweep_every=0.4,
        picked_up=0.3,
        tick=0.2,
    ),
)

if __name__ == "__main__":
    # Only what is asked for: the scheduler does without most of Celery.
    entry = importlib.import_module(
        {"worker": "central_config.worker.main", "beat": "central_config.worker.beat"}[sys.argv[1]]
    )
    sys.exit(entry.run(get_settings(), WORKSHOP))
