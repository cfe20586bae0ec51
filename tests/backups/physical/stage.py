"""An installation with a real server whose log is archived, without the rest of the product."""

import asyncio
import os
import shutil
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from pydantic import SecretStr

from central_config.audit.model import Actor, Event
from central_config.audit.service import record
from central_config.backups.service.archiving import archiving_of
from central_config.backups.service.physical import Physical
from central_config.core.clock import SystemClock
from central_config.core.db import open_database, transaction
from central_config.core.ids import new_id
from central_config.core.migrations import migrate
from central_config.core.settings import Settings
from central_config.supervisor.cluster import connect
from central_config.supervisor.postgres import PostgresServer

T = TypeVar("T")

PASSPHRASE = "correct horse battery staple"


class Stage:
    """One installation below a directory of its own, from a template's data."""

    def __init__(self, place: Path, bin_dir: Path, **backups: object) -> None:
        self.place = place
        self.repository = place / "repository"
        values = {
            "backup_repository": str(self.repository),
            "backup_passphrase": PASSPHRASE,
            **backups,
        }
        self._base = Settings.model_validate(
            {"data_dir": place / "data", "postgres_bin": bin_dir, **values}
        )
        self.server = PostgresServer(
            data_dir=place / "data",
            bin_dir=bin_dir,
            durable=False,
            archiving=archiving_of(self._base),
        )

    @property
    def settings(self) -> Settings:
        """What the processes of the running installation have."""
        return self._base.model_copy(update={"database_url": SecretStr(self.server.url)})

    @property
    def physical(self) -> Physical:
        """The backups, for a command that runs beside the server, or while it stands still."""
        return Physical(self._base, SystemClock())

    @property
    def live(self) -> Physical:
        """The backups, for a job of the running installation."""
        return Physical(self.settings, SystemClock())

    def with_settings(self, settings: Settings) -> Physical:
        """The backups as other settings would have them."""
        return Physical(settings, SystemClock())

    def do(self, work: Coroutine[object, object, T]) -> T:
        """Run something asynchronous."""
        return asyncio.run(work)

    def publish(self, slug: str, revision: int = 1) -> None:
        """Write a workspace at a revision and an event of it, as one transaction."""
        self.do(_publish(self.settings, slug, revision))

    def workspaces(self) -> dict[str, int]:
        """Return the revision of every workspace."""
        rows = self.do(_rows(self.settings, "SELECT slug, revision FROM cc_workspace"))
        return {row.slug: row.revision for row in rows}

    async def as_superuser(self, statement: str) -> None:
        """Run a statement as the server's superuser."""
        connection = await connect(self.server.admin_url("postgres"), timeout=5)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def ask(self, statement: str) -> object:
        """Return the first column of the first row of a query."""
        return self.do(_rows(self.settings, statement))[0][0]

    def now(self) -> datetime:
        """Return the server's time."""
        found = self.ask("SELECT clock_timestamp()")
        assert isinstance(found, datetime)
        return found.astimezone(UTC)


def switch_segment(stage: Stage) -> None:
    """Close the segment that is written, as `archive_timeout` does."""
    stage.do(stage.as_superuser("SELECT pg_switch_wal()"))


def segments(stage: Stage) -> list[Path]:
    """Return the segments of the log in a repository that is a directory, oldest first."""
    archive = stage.repository / "physical" / "archive" / "central-config"
    return sorted(archive.glob("*/*/[0-9A-F]*-*"))


@contextmanager
def staged(template: Path, place: Path, bin_dir: Path, **backups: object) -> Iterator[Stage]:
    """Give a running installation with the present schema; nothing runs when the block ends."""
    shutil.copytree(template, place / "data", symlinks=True)
    owner = (template / "postgres").stat()
    for path in (place / "data" / "postgres", *(place / "data" / "postgres").rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    stage = Stage(place, bin_dir, **backups)
    try:
        stage.server.start()
        yield stage
    finally:
        stage.server.force_stop()


def make_template(place: Path, bin_dir: Path) -> Path:
    """Make data with the present schema, which a stage begins with a copy of."""
    server = PostgresServer(data_dir=place / "data", bin_dir=bin_dir, durable=False)
    with server:
        asyncio.run(migrate(Settings(database_url=SecretStr(server.url))))
    return place / "data"


async def _publish(settings: Settings, slug: str, revision: int) -> None:
    database = open_database(settings.require_database_url(), settings)
    identity = new_id()
    statement = sa.text(
        "INSERT INTO cc_workspace (id, slug, name, description, revision, oldest_revision,"
        " created_at) VALUES (:id, :slug, '', '', :revision, 1, now())"
    )
    try:
        async with transaction(database) as connection:
            values = {"id": identity, "slug": slug, "revision": revision}
            await connection.execute(statement, values)
            event = Event("workspace.created", slug, Actor("system", None, "test"))
            await record(connection, [event], SystemClock())
    finally:
        await database.dispose()


async def _rows(settings: Settings, statement: str) -> list[sa.Row[tuple[object, ...]]]:
    database = open_database(settings.require_database_url(), settings)
    try:
        async with database.connect() as connection:
            return list((await connection.execute(sa.text(statement))).all())
    finally:
        await database.dispose()
