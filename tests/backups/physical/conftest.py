"""Installations whose PostgreSQL pgBackRest can back up, and an S3 server."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backups.physical.s3 import S3, s3_server
from tests.backups.physical.stage import Stage, make_template, staged
from tests.backups.physical.tools import pgbackrest, postgres

IN_MEMORY = Path("/dev/shm")


def make_place() -> Path:
    """Create a directory everybody may enter; pytest's own are closed to PostgreSQL's user."""
    base = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    directory = Path(tempfile.mkdtemp(prefix="physical-", dir=base))
    directory.chmod(0o755)
    return directory


@pytest.fixture(scope="session", autouse=True)
def without_retries() -> Iterator[None]:
    """Let pgBackRest not read a damaged file a second time, which it does 15 seconds later."""
    place = make_place()
    program = place / "pgbackrest"
    program.write_text(f'#!/bin/sh\nPGBACKREST_JOB_RETRY=0 exec {pgbackrest()} "$@"\n')
    program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(place), prepend=os.pathsep)
        yield
    shutil.rmtree(place)


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory everybody may enter."""
    directory = make_place()
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def bin_dir() -> Path:
    """The programs of a PostgreSQL that pgBackRest can back up."""
    return postgres()


@pytest.fixture(scope="session")
def template(bin_dir: Path) -> Iterator[Path]:
    """Data with the present schema."""
    place = make_place()
    yield make_template(place, bin_dir)
    shutil.rmtree(place)


@pytest.fixture
def stage(template: Path, place: Path, bin_dir: Path) -> Iterator[Stage]:
    """A running installation that is backed up to a directory."""
    with staged(template, place, bin_dir) as found:
        yield found


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """A real S3 server."""
    place = make_place()
    with s3_server(place) as server:
        yield server
    shutil.rmtree(place, ignore_errors=True)
