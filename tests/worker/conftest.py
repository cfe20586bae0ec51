"""A queue of our own to flush and kill, and worker processes that are ended whatever happens."""

import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from central_config.core.ids import new_id
from central_config.core.settings import Settings
from central_config.supervisor.valkey import ValkeyServer
from tests.support.servers import cloned_database
from tests.worker.support import Bench, Child, Start, open_bench

IN_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """A directory for the queue's socket (its path has to be short) and the logs."""
    base = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    directory = Path(tempfile.mkdtemp(prefix="worker-tests-", dir=base))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def valkey(place: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(data_dir=place / "valkey") as server:
        yield server


def settings_of(database_url: str, valkey: ValkeyServer) -> Settings:
    valkey.start()  # a test may have ended it
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    return Settings(
        database_url=database_url,  # pyright: ignore[reportArgumentType]
        redis_url=valkey.url,  # pyright: ignore[reportArgumentType]
        celery_worker_concurrency=2,
    )


@contextmanager
def starter(settings: Settings, place: Path) -> Iterator[Start]:
    """Start processes; they are killed at the end."""
    children: list[Child] = []

    def begin(what: str) -> Child:
        children.append(Child(what, settings, place / f"{what}-{new_id().hex}.log"))
        return children[-1]

    yield begin
    for child in children:
        child.kill()
        sys.stdout.write(f"--- {child.log.name}\n{child.text()}\n")  # shown when a test fails


@pytest.fixture
def settings(database_url: str, valkey: ValkeyServer) -> Settings:
    """Settings with a database of its own and an empty queue."""
    return settings_of(database_url, valkey)


@pytest.fixture
async def bench(settings: Settings) -> AsyncIterator[Bench]:
    async with open_bench(settings) as opened:
        yield opened


@pytest.fixture
def start(settings: Settings, bench: Bench, place: Path) -> Iterator[Start]:
    del bench  # it makes the table that jobs write to
    with starter(settings, place) as begin:
        yield begin


# For tests that do no harm to the processes: one worker and one scheduler for the module.


@pytest.fixture(scope="module")
def shared_settings(template_url: str, valkey: ValkeyServer) -> Iterator[Settings]:
    with cloned_database(template_url) as url:
        yield settings_of(url, valkey)


@pytest.fixture
async def running(shared_settings: Settings, shared_processes: Start) -> AsyncIterator[Bench]:
    """A bench at which a worker and a scheduler are at work."""
    del shared_processes
    async with open_bench(shared_settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_processes(shared_settings: Settings, place: Path) -> Iterator[Start]:
    with starter(shared_settings, place) as begin:
        begin("worker")
        begin("beat")
        yield begin
