"""Real servers, and real worker processes that are ended whatever happens."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import redis
from sqlalchemy import text

import central_config.access.tables
import central_config.audit.tables
import central_config.core.idempotency
import central_config.core.jobs.tables  # noqa: F401 - tables of the schema
from central_config.core.db import Database, connect_arguments, metadata, open_database
from central_config.core.ids import new_id
from central_config.core.jobs import store
from central_config.core.jobs.model import Job
from central_config.core.jobs.queue import JobQueue
from central_config.core.settings import Settings
from central_config.supervisor.environment import own_environment
from central_config.supervisor.postgres import PostgresServer
from central_config.supervisor.valkey import ValkeyServer

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - throw-away data is written there five times faster
PROGRAM = Path(__file__).with_name("program.py")
PATIENCE = 15.0  # seconds
TABLES = (
    "cc_job",
    "cc_schedule",
    "cc_idempotency",
    "cc_user",
    "cc_session",
    "cc_audit_log",
    "cc_audit_chain",
)
FURTHER = (
    "CREATE TABLE cc_audit_log_default PARTITION OF cc_audit_log DEFAULT",
    "CREATE TABLE test_run (job uuid, pid int, attempt int, at timestamptz DEFAULT now())",
    "CREATE TABLE test_partitions (months int)",
    """CREATE FUNCTION cc_audit_ensure_partitions(months integer) RETURNS integer LANGUAGE sql
       AS 'INSERT INTO test_partitions VALUES (months) RETURNING months'""",
)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """A directory that PostgreSQL's user may enter."""
    base = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    directory = Path(tempfile.mkdtemp(prefix="worker-tests-", dir=base))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def postgres(place: Path) -> Iterator[PostgresServer]:
    with PostgresServer(data_dir=place / "data", durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def valkey(place: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(data_dir=place / "valkey") as server:
        yield server


@pytest.fixture(scope="session")
def template(postgres: PostgresServer) -> str:
    name = "worker_template"
    asyncio.run(run_on(postgres.url, f"CREATE DATABASE {name}"))
    asyncio.run(create_schema(database_url(postgres, name)))
    return name


async def run_on(url: str, statement: str) -> None:
    connection = await asyncpg.connect(**connect_arguments(url))
    await connection.execute(statement)
    await connection.close()


def database_url(server: PostgresServer, name: str) -> str:
    return server.url.replace("/central_config?", f"/{name}?", 1)


async def create_schema(url: str) -> None:
    engine = open_database(url, Settings())
    async with engine.begin() as connection:
        tables = [metadata.tables[name] for name in TABLES]
        await connection.run_sync(lambda sync: metadata.create_all(sync, tables=tables))
        for statement in FURTHER:
            await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture
def redis_client(valkey: ValkeyServer) -> Iterator[redis.Redis]:
    valkey.start()  # a test may have ended it
    client = redis.Redis.from_url(valkey.url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
async def settings(
    postgres: PostgresServer, template: str, valkey: ValkeyServer, redis_client: redis.Redis
) -> AsyncIterator[Settings]:
    """Settings with a database of its own and an empty queue."""
    del redis_client
    name = f"t{new_id().hex}"
    await run_on(postgres.url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield Settings(
        database_url=database_url(postgres, name),  # pyright: ignore[reportArgumentType]
        redis_url=valkey.url,  # pyright: ignore[reportArgumentType]
        celery_worker_concurrency=2,
    )
    await run_on(postgres.url, f"DROP DATABASE {name} WITH (FORCE)")


class Bench:
    """What a test does with jobs."""

    def __init__(self, database: Database, queue: JobQueue) -> None:
        self.database = database
        self.queue = queue

    async def enqueue(self, kind: str, *, dispatch: bool = True, **arguments: Any) -> UUID:  # noqa: ANN401
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

    async def runs(self, job_id: UUID | None = None) -> list[int]:
        """Return the processes in which a job, or all of them, began."""
        query = text("SELECT pid FROM test_run WHERE job = :job OR :job IS NULL ORDER BY at")
        async with self.database.connect() as connection:
            return list((await connection.execute(query, {"job": job_id})).scalars())

    async def until(self, job_id: UUID, *statuses: str) -> Job:
        async def there() -> Job | None:
            job = await self.job(job_id)
            return job if job.status in statuses else None

        return await wait_for(there, f"job {job_id} to be {statuses}")

    async def until_begun(self, job_id: UUID, times: int = 1) -> list[int]:
        async def there() -> list[int] | None:
            runs = await self.runs(job_id)
            return runs if len(runs) >= times else None

        return await wait_for(there, f"job {job_id} to begin {times} times")


async def wait_for(look: Callable[[], Awaitable[Any]], what: str) -> Any:  # noqa: ANN401
    deadline = time.monotonic() + PATIENCE
    while True:
        found = await look()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.05)


@pytest.fixture
async def bench(settings: Settings) -> AsyncIterator[Bench]:
    database = open_database(settings.require_database_url(), settings)
    queue = JobQueue.of(settings)
    yield Bench(database, queue)
    await queue.close()
    await database.dispose()


class Child:
    """A worker or scheduler process."""

    def __init__(self, what: str, settings: Settings, log: Path) -> None:
        url = settings.redis_url
        assert url is not None
        self.log = log
        environment = own_environment() | {
            "DATABASE_URL": settings.require_database_url(),
            "REDIS_URL": url.get_secret_value(),
            "CELERY_WORKER_CONCURRENCY": str(settings.celery_worker_concurrency),
        }
        with log.open("wb") as stream:
            self.process = subprocess.Popen(  # noqa: S603 - our own program
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


@pytest.fixture
def start(settings: Settings, place: Path) -> Iterator[Start]:
    """Start processes; they are killed at the end of the test."""
    children: list[Child] = []

    def begin(what: str) -> Child:
        log = place / f"{what}-{new_id().hex}.log"
        children.append(Child(what, settings, log))
        return children[-1]

    yield begin
    for child in children:
        child.kill()
        print(f"--- {child.log.name}\n{child.text()}")  # noqa: T201 - shown when a test fails
