"""One PostgreSQL for a whole test run, databases cloned from a template, a Valkey a process."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from central_config.backups.store.databases import databases_of
from central_config.core.db import connect_arguments
from central_config.core.ids import new_id
from central_config.core.migrations import migrate
from central_config.core.settings import Settings
from central_config.supervisor.postgres import PostgresServer
from central_config.supervisor.valkey import ValkeyServer

MASTER_KEY = "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk="
TEMPLATE = "central_config"
_IN_MEMORY = Path("/dev/shm")


def _place() -> Path:
    base = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    place = Path(tempfile.mkdtemp(prefix="cc-tests-", dir=base))
    place.chmod(0o755)  # PostgreSQL does not run as root
    return place


class Servers:
    """Started once by the process that runs pytest; its xdist workers get the address."""

    def __init__(self) -> None:
        self.place = _place()
        self.postgres = PostgresServer(data_dir=self.place / "postgres", durable=False)

    def start(self) -> None:
        """Start it and bring the template database to the present schema."""
        self.postgres.start()
        asyncio.run(migrate(Settings(database_url=self.postgres.url)))

    def stop(self) -> None:
        """Stop it and delete what it wrote."""
        self.postgres.stop()
        shutil.rmtree(self.place, ignore_errors=True)


@contextlib.contextmanager
def own_valkey() -> Iterator[str]:
    """Run a Valkey; give its address."""
    place = _place()
    try:
        with ValkeyServer(data_dir=place / "valkey") as server:
            yield server.url
    finally:
        shutil.rmtree(place, ignore_errors=True)


def address_of(url: str, database: str) -> str:
    """Return the address of another database on the same server."""
    return url.replace(f"/{TEMPLATE}?", f"/{database}?")


async def execute(url: str, statement: str) -> None:
    """Run one statement."""
    connection = await asyncpg.connect(**connect_arguments(url))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def drop_database(maintenance: str, name: str) -> None:
    """Drop a database as the service does: whoever is connected, cleaner or not."""
    async with databases_of(maintenance) as databases:
        await databases.drop(name)


@contextlib.contextmanager
def cloned_database(url: str) -> Iterator[str]:
    """Give a fresh database with the present schema; drop it afterwards."""
    name = f"t{new_id().hex}"
    maintenance = address_of(url, "postgres")
    asyncio.run(execute(maintenance, f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE}'))
    try:
        yield address_of(url, name)
    finally:
        asyncio.run(drop_database(maintenance, name))
