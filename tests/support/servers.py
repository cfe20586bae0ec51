"""One PostgreSQL for a whole test run, databases cloned from a template, a Valkey a process."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import asyncpg
from redis import Redis

from central_config.access.model import WorkspaceRef
from central_config.access.service import AccessService, Throttle
from central_config.backups.store.databases import databases_of
from central_config.core.clock import SystemClock
from central_config.core.db import connect_arguments, open_database
from central_config.core.ids import new_id
from central_config.core.migrations import migrate
from central_config.core.settings import Settings
from central_config.supervisor.postgres import PostgresServer
from central_config.supervisor.valkey import ValkeyServer
from tests.support.api import ADMIN_PASSWORD, MASTER_KEY

TEMPLATE = "central_config"
# The same, and somebody can sign in: roles and the first administrator are in it.
BOOTSTRAPPED = "central_config_bootstrapped"
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
        """Start it and make both template databases."""
        self.postgres.start()
        asyncio.run(self._make_templates())

    async def _make_templates(self) -> None:
        url = self.postgres.url
        await migrate(Settings(database_url=url))
        await _clone(url, BOOTSTRAPPED)
        await bootstrap(address_of(url, BOOTSTRAPPED))

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


def forget_failures(redis_url: str) -> None:
    """Let the throttles of all processes there forget who came with wrong credentials."""
    with contextlib.closing(Redis.from_url(redis_url)) as redis:
        for key in redis.scan_iter("*throttle*"):
            redis.delete(key)


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


async def _clone(url: str, name: str, template: str = TEMPLATE) -> None:
    statement = f'CREATE DATABASE "{name}" TEMPLATE {template}'
    await execute(address_of(url, "postgres"), statement)


async def bootstrap(url: str) -> None:
    """Do to a database what `central-config bootstrap` does; leave no connection to it open."""
    settings = Settings(
        database_url=url,
        master_key=MASTER_KEY,
        admin_password=ADMIN_PASSWORD,
    )
    database = open_database(url, settings)
    try:
        access = AccessService(database, SystemClock(), settings, Throttle(None), _no_workspace)
        await access.bootstrap()
        await access.close()
    finally:
        await database.dispose()


async def _no_workspace(name: str | UUID) -> WorkspaceRef | None:
    del name
    return None


@contextlib.contextmanager
def cloned_database(url: str, *, bootstrapped: bool = False) -> Iterator[str]:
    """Give a fresh database with the present schema; drop it afterwards.

    With `bootstrapped` the roles and the administrator of `ApiProcess` are there already, with
    the same identifiers in each clone.
    """
    name = f"t{new_id().hex}"
    asyncio.run(_clone(url, name, BOOTSTRAPPED if bootstrapped else TEMPLATE))
    try:
        yield address_of(url, name)
    finally:
        asyncio.run(drop_database(address_of(url, "postgres"), name))
