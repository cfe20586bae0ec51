"""A database to look after, and a whole service of its own: API, worker and scheduler."""

import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from central_config.core.clock import SystemClock
from central_config.core.db import Database, open_database
from central_config.core.settings import Settings, celery_form, with_database_number
from central_config.operations.model.reports import Section
from central_config.operations.service.upkeep.ground import Ground, Step
from tests.support.api import ApiProcess, Client
from tests.support.running import RunningApi
from tests.support.servers import Servers

PATIENCE = 60.0  # seconds; a worker imports much, and the machine may be busy


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The pool of this test's own database."""
    opened = open_database(settings.require_database_url(), settings)
    yield opened
    await opened.dispose()


@pytest.fixture
def ground(database: Database, settings: Settings) -> Ground:
    """What steps of maintenance work with."""
    return Ground(database, settings, SystemClock())


async def execute(database: Database, *statements: str) -> None:
    """Run statements, each in a transaction of its own, and have them counted at once."""
    for statement in (*statements, "SELECT pg_stat_force_next_flush()"):
        async with database.begin() as connection:
            await connection.execute(text(statement))


async def outside(database: Database, *statements: str) -> None:
    """Run statements that run outside of a transaction only."""
    async with database.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        for statement in statements:
            await alone.execute(text(statement))


async def section(steps: "tuple[Step, ...]", name: str, ground: Ground) -> Section:
    """Do one step of a plan."""
    step = next(each for each in steps if each.name == name)
    return await step.run(ground)


def until(look: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)


def metric(api: ApiProcess, name: str, patience: float = 5) -> float | None:
    """Return what a metric says at the moment; None: it is not exported."""
    address = f"http://127.0.0.1:{api.metrics_port}/metrics"
    for line in httpx2.get(address, timeout=patience).text.splitlines():
        if line.startswith(f"{name} "):
            return float(line.rpartition(" ")[2])
    return None


@contextlib.contextmanager
def process(what: str, environment: dict[str, str], log: Path) -> Iterator[None]:
    """Run `central-config worker` or `beat` until the block ends."""
    with log.open("wb") as stream:
        child = subprocess.Popen(
            [sys.executable, "-m", "central_config", what],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(PATIENCE)
        sys.stdout.write(f"--- {log.name}\n{log.read_text()}\n")  # shown when a test fails


@pytest.fixture(scope="session")
def api(running_api: RunningApi, redis_url: str) -> Iterator[ApiProcess]:
    """An API with a database that no other tests write to, and no worker or scheduler yet."""
    more = {
        "CELERY_WORKER_CONCURRENCY": "1",
        "CELERY_BROKER_URL": celery_form(with_database_number(redis_url, 3)),
        "CACHE_KEY_PREFIX": "operations:",
        "METRICS_HOST": "127.0.0.1",
    }
    with running_api(**more) as made:
        yield made


@pytest.fixture(scope="session")
def operator(api: ApiProcess) -> Iterator[Client]:
    """A client that may operate it."""
    client = api.sign_in()
    yield client
    client.close()


@pytest.fixture(scope="session")
def worker(api: ApiProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A worker for the API's jobs."""
    with process("worker", api.environment, tmp_path_factory.mktemp("worker") / "worker.log"):
        yield


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Servers of our own, to stop and to be superuser of."""
    found = Servers()
    found.start()
    yield found
    found.stop()
