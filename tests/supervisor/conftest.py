"""Data directories that PostgreSQL's user can reach, also when the tests run as root."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from central_config.supervisor.postgres import PostgresServer

NOBODY = 65534
IN_MEMORY = Path("/dev/shm")


def make_place() -> Path:
    """Create a directory everybody may enter; pytest's own are closed to PostgreSQL's user."""
    base = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    directory = Path(tempfile.mkdtemp(prefix="supervised-", dir=base))
    directory.chmod(0o755)
    return directory


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory everybody may enter."""
    directory = make_place()
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def data_dir(place: Path) -> Path:
    """A data directory that does not exist yet."""
    return place / "data"


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """The data directory of an earlier start: making one takes a second, copying it much less."""
    place = make_place()
    with PostgresServer(data_dir=place / "data", durable=False):
        pass
    (place / "data" / "master.key").write_text("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n")
    yield place / "data"
    shutil.rmtree(place)


@pytest.fixture
def used_data_dir(template: Path, place: Path) -> Path:
    """A data directory that has been started on before."""
    shutil.copytree(template, place / "data", symlinks=True)
    owner = (template / "postgres").stat()
    for path in (place / "data" / "postgres").rglob("*"):
        os.chown(path, owner.st_uid, owner.st_gid)
    os.chown(place / "data" / "postgres", owner.st_uid, owner.st_gid)
    return place / "data"


@pytest.fixture
def nobodys_data_dir(place: Path) -> Path:
    """A data directory that belongs to a normal user."""
    if os.geteuid() != 0:
        pytest.skip("changing the user takes root")
    directory = place / "nobodys"
    directory.mkdir()
    os.chown(directory, NOBODY, NOBODY)
    return directory
