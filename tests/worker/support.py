"""What the tests of background jobs call: jobs in a database, and processes that run them."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from central_config.core.db import Database, open_database
from central_config.core.jobs import store
from central_config.core.jobs.model import Job
from central_config.core.jobs.queue import JobQueue
from central_config.core.settings import Settings
from central_config.supervisor.environment import own_environment

PROGRAM = Path(__file__).with_name("program.py")
PATIENCE = 30.0  # seconds; starting a process takes many of them on a busy machine


async def wait_for(look: Callable[[], Awaitable[Any]], what: str) -> Any:
    """Return what `look` finds once it finds something."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = await look()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.05)


class Bench:
    """What a test does with jobs."""

    def __init__(self, database: Database, queue: JobQueue) -> None:
        self.database = database
        self.queue = queue

    async def execute(self, statement: str, **values: Any) -> list[Any]:
        """Run a statement and return the first column of what it returns."""
        async with self.database.begin() as connection:
            result = await connection.execute(text(statement), values)
            return list(result.scalars()) if result.returns_rows else []

    async def enqueue(self, kind: str, *, dispatch: bool = True, **arguments: Any) -> UUID:
        async with self.database.begin() as connection:
            job_id = await store.enqueue(connection, kind, arguments)
        if dispatch:
            assert await self.queue.dispatch(job_id)
        return job_id

    async def job(self, job_id: UUID) -> Job:
        async with self.database.connect() as connection:
            found = await store.find(connection, job_id)
        assert found is not None
        return found

    async def runs(self, job_id: UUID) -> list[int]:
        """Return the processes in which the job began."""
        return await self.execute("SELECT pid FROM test_run WHERE job = :id ORDER BY at", id=job_id)

    async def until(self, job_id: UUID, *statuses: str) -> Job:
        async def there() -> Job | None:
            job = await self.job(job_id)
            return job if job.status in statuses else None

        return await wait_for(there, f"job {job_id} to be {statuses}")

    async def until_begun(self, job_id: UUID) -> int:
        """Return the process in which the job began first."""
        return (await wait_for(lambda: self.runs(job_id), f"job {job_id} to begin"))[0]


@asynccontextmanager
async def open_bench(settings: Settings) -> AsyncIterator[Bench]:
    database = open_database(settings.require_database_url(), settings)
    queue = JobQueue.of(settings)
    bench = Bench(database, queue)
    await bench.execute(
        "CREATE TABLE IF NOT EXISTS"
        " test_run (job uuid, pid int, attempt int, at timestamptz DEFAULT now())"
    )
    yield bench
    await queue.close()
    await database.dispose()


class Child:
    """A worker or scheduler process."""

    def __init__(
        self, what: str, settings: Settings, log: Path, further: Mapping[str, str] = {}
    ) -> None:
        url = settings.redis_url
        assert url is not None
        self.log = log
        environment = own_environment() | {
            "DATABASE_URL": settings.require_database_url(),
            "REDIS_URL": url.get_secret_value(),
            "CELERY_WORKER_CONCURRENCY": str(settings.celery_worker_concurrency),
        }
        environment |= further
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, str(PROGRAM), what],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    async def until_logged(self, words: str) -> None:
        async def there() -> bool:
            assert self.process.poll() is None, self.text()
            return words in self.text()

        await wait_for(there, f"{words!r} in the log")

    async def stop(self) -> tuple[int, float]:
        """Ask it to stop; return its exit code and how many seconds that took."""
        begin = time.monotonic()
        self.process.terminate()
        await asyncio.to_thread(self.process.wait, PATIENCE)
        return self.process.returncode, time.monotonic() - begin

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)


Start = Callable[[str], Child]
