"""What operators and schedules do with backups: done, and written down whether it went well."""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import cached_property

import structlog

from central_config.backups.model import Backup, Kind
from central_config.backups.model.drills import Drill
from central_config.backups.model.errors import (
    BackupFailedError,
    BackupRefusedError,
    NotPossibleHereError,
)
from central_config.backups.model.restores import Restored
from central_config.backups.model.runs import Action, Run
from central_config.backups.service.catalogue import Catalogue
from central_config.backups.service.configuration import ConfigurationBackups
from central_config.backups.service.drill_places import drill_place
from central_config.backups.service.physical import KINDS, Physical
from central_config.backups.service.portable import Portable
from central_config.backups.service.proving import Progress, Proving, scratch_database
from central_config.core.clock import Clock
from central_config.core.db import lost_connection, open_database
from central_config.core.ids import new_id
from central_config.core.settings import Settings
from central_config.supervisor.binaries import find_postgres, postgres_version
from central_config.supervisor.errors import StartRefusedError
from central_config.supervisor.local import local_paths
from central_config.supervisor.postgres import PostgresServer

log = structlog.get_logger(__name__)

# What pgBackRest calls its backups begins with a time; ours begin with what they hold.
_PHYSICAL_LABEL = re.compile(r"\d{8}-\d{6}[FDI]")


class Operating:
    """The backups of one installation."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    @cached_property
    def portable(self) -> Portable:
        """The portable backups.

        Raises:
            BackupRefusedError: BACKUP_REPOSITORY is not set, or is no directory.
        """
        return Portable(self._settings, self._clock)

    @property
    def physical(self) -> Physical:
        """The physical backups.

        Raises:
            BackupRefusedError: they are not possible here.
        """
        if local_paths(self._settings) is None:
            raise NotPossibleHereError("physical backups are made where `serve` runs the database")
        return Physical(self._settings, self._clock)

    async def create(self, kind: Kind, progress: Progress | None = None) -> Backup:
        """Make a backup: `export`, `configuration`, or a physical one.

        Raises:
            BackupRefusedError: it cannot be made here.
            BackupFailedError: it was not made.
        """

        def told(done: int, words: str) -> None:
            if progress is not None:  # how much there will be is not known
                progress(done, 0, f"{done // 1_000_000} MB {words}")

        method = "physical" if kind in KINDS else "portable"
        began = self._clock.now()
        try:
            if kind in KINDS:
                made = await self.physical.create(kind)
            elif kind == "configuration":
                made = await ConfigurationBackups(self.portable).create()
            else:
                made = await self.portable.create(told)
        except (BackupFailedError, BackupRefusedError) as problem:
            await self.note("create", method, kind, "", str(problem))
            raise
        await self.record(
            Run(
                id=new_id(),
                action="create",
                method=made.method,
                kind=made.kind,
                label=made.label,
                outcome="done",
                started_at=min(began, made.started_at),
                finished_at=made.finished_at,
                size_bytes=made.size_bytes,
            )
        )
        return made

    async def drill(self, label: str, url: str | None, progress: Progress | None = None) -> Drill:
        """Restore a portable backup into an empty database and look at it.

        Args:
            label: the backup.
            url: the database; None for one that is made beside the live one and dropped again.
            progress: is told how far it is.

        Raises:
            BackupRefusedError: there is no such backup, or nowhere to restore it to.
        """
        proving = Proving(self.portable, label, progress)
        if url is not None:
            found = await proving.run(url)
        else:
            async with scratch_database(self.portable) as scratch:
                found = await proving.run(scratch)
        await self.record(Catalogue.drilled(found, self._clock.now()))
        return found

    async def drill_physical(self) -> Drill:
        """Restore the newest physical backup beside the live server and look at it.

        Call it in the main thread.

        Raises:
            BackupRefusedError: physical backups are not possible here, or a drill runs.
        """
        found = await self.physical.drill()
        await self.record(Catalogue.drilled(found, self._clock.now()))
        return found

    async def restored(self, done: Restored, label: str, reason: str) -> None:
        """Write a restore down, in the database that is live now."""
        moment = self._clock.now()
        await self.record(
            Run(
                id=new_id(),
                action="restore",
                method="portable",
                kind="export",
                label=label,
                outcome="done",
                started_at=moment,
                finished_at=moment,
                detail={"reason": reason, "aside": done.plan.aside},
            )
        )

    async def pruned(self, labels: Sequence[str], method: str) -> None:
        """Write down that backups were deleted."""
        for label in labels:
            moment = self._clock.now()
            await self.record(
                Run(
                    id=new_id(),
                    action="prune",
                    method=method,
                    kind="",
                    label=label,
                    outcome="done",
                    started_at=moment,
                    finished_at=moment,
                )
            )

    async def note(self, action: Action, method: str, kind: str, label: str, words: str) -> None:
        """Write down that something failed."""
        moment = self._clock.now()
        await self.record(
            Run(
                id=new_id(),
                action=action,
                method=method,
                kind=kind,
                label=label,
                outcome="failed",
                started_at=moment,
                finished_at=moment,
                error=words,
            )
        )

    async def record(self, run: Run) -> None:
        """Write a run down; the database may be what is lost, then it is only logged."""
        if self._settings.database_url is None:
            log.warning("not written down: no database", action=run.action, label=run.label)
            return
        url = self._settings.require_database_url()
        database = open_database(url, self._settings, application="central-config-backup")
        try:
            await Catalogue(database, self._clock).record(run)
        except Exception as error:
            if not lost_connection(error):
                raise
            words = type(error).__name__
            log.warning("not written down", action=run.action, label=run.label, error=words)
        finally:
            await database.dispose()


def is_physical(label: str) -> bool:
    """Tell whether a label is pgBackRest's."""
    return _PHYSICAL_LABEL.match(label) is not None


@contextmanager
def throwaway_server(settings: Settings, at_least: int) -> Generator[str]:
    """Run a server of our own until the block ends; give the address of its empty database.

    Enter it in the main thread, outside an event loop.

    Raises:
        StartRefusedError: there is no PostgreSQL here, or one too old.
    """
    programs = find_postgres(settings.postgres_bin)
    if postgres_version(programs) < at_least:
        raise StartRefusedError(f"{programs} is older than PostgreSQL {at_least} of the backup")
    place = local_paths(settings)
    with drill_place(None if place is None else place.root) as directory:
        directory.chmod(0o711)  # PostgreSQL may run as somebody else
        data = directory / "server"
        with PostgresServer(data_dir=data, bin_dir=programs, durable=False) as server:
            yield server.url
