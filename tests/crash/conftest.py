"""Processes of a test's own: these tests kill them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from central_config.supervisor.postgres import PostgresServer
from tests.support.api import ApiProcess, Client, Workspace
from tests.support.running import RunningApi

IN_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="package")
def api(running_api: RunningApi) -> Iterator[ApiProcess]:
    """An API on a database of its own; every test leaves it running."""
    with running_api() as process:
        yield process


@pytest.fixture(scope="package")
def owner(api: ApiProcess) -> Iterator[Client]:
    """The first administrator of that API."""
    client = api.sign_in()
    yield client
    client.close()


@pytest.fixture
def target(owner: Client) -> Workspace:
    """A workspace of that API."""
    return Workspace(owner)


@pytest.fixture(scope="package")
def place() -> Iterator[Path]:
    """A directory in memory that PostgreSQL's user may enter."""
    base = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    directory = Path(tempfile.mkdtemp(prefix="cc-crash-", dir=base))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="package")
def postgres(place: Path) -> Iterator[PostgresServer]:
    """A durable PostgreSQL of these tests' own."""
    with PostgresServer(data_dir=place / "own", durable=True) as server:
        yield server
