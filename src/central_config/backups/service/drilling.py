"""The restore drill: the newest backup and all the log after it, restored beside the live server.

It ends with what a recovery would end with, so its time is the time a recovery takes.
"""

import asyncio
import fcntl
import secrets
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from central_config.backups.model import Backup
from central_config.backups.model.drills import Check, Drill
from central_config.backups.model.errors import BackupFailedError, BackupRefusedError
from central_config.backups.model.pgbackrest import read_info
from central_config.backups.service.examining import Expected, examine, heads_at
from central_config.backups.service.installation import Installation, make_private
from central_config.backups.service.pgbackrest import LONG, SHORT, PgBackRest, good
from central_config.backups.service.throwaway import running_on
from central_config.core.clock import Clock
from central_config.core.settings import Settings

PREFIX = "drill-"
RECOVERY_PATIENCE = 3600.0  # seconds the log is replayed
ROOM = 1.2  # times what the database takes, so that the live server keeps some
STEPS = 4

Progress = Callable[[int, int, str], None]


class Drilling:
    """One drill of the newest backup."""

    def __init__(
        self,
        tool: PgBackRest,
        installation: Installation,
        settings: Settings,
        clock: Clock,
        progress: Progress,
    ) -> None:
        self._tool = tool
        self._installation = installation
        self._settings = settings
        self._clock = clock
        self._progress = progress
        self._checks: list[Check] = []
        self._label = ""
        self._restored_after = 0.0
        self._size = 0

    async def run(self) -> Drill:
        """Do it; what is wrong with the backup is in the result.

        Raises:
            BackupRefusedError: another drill runs, or the disk has no room for it.
        """
        started, begin = self._clock.now(), time.monotonic()
        with _alone(self._installation), _place(self._installation) as place:
            try:
                await self._restore_and_look(place / "data", begin)
            except BackupFailedError as problem:
                self._checks.append(Check("restore", False, str(problem)))
            finally:
                self._progress(STEPS - 1, STEPS, "deleting what was restored")
        return Drill(
            label=self._label,
            method="physical",
            started_at=started,
            seconds=time.monotonic() - begin,
            restore_seconds=self._restored_after,
            size_bytes=self._size,
            checks=tuple(self._checks),
        )

    async def _restore_and_look(self, data: Path, begin: float) -> None:
        self._progress(0, STEPS, "archiving the last of the log")
        answer = await self._tool.run("info", "--output=json", limit=SHORT)
        contents = read_info(good(answer, "the repository cannot be read"), self._tool.place)
        if not contents.backups:
            raise BackupFailedError(f"there is no backup: {contents.message}")
        newest = contents.backups[-1]
        self._label = newest.label
        need_room(self._installation, newest)
        at_least = await heads_at(self._settings.require_database_url(), self._settings)
        # Closes the segment that is being written and waits until the archive has it.
        check = await self._tool.run("check", limit=SHORT * 3)
        good(check, "the log does not reach the archive")
        self._progress(1, STEPS, f"restoring {newest.label}")
        await restore(self._tool, data)
        self._size = await asyncio.to_thread(_size, data)
        self._progress(2, STEPS, "replaying the log")
        async with running_on(
            data, self._installation, keep=False, patience=RECOVERY_PATIENCE
        ) as server:
            self._restored_after = time.monotonic() - begin
            self._checks.append(Check("restore", True, f"{newest.label} and all the log after it"))
            self._progress(3, STEPS, "looking at what was restored")
            expected = Expected(
                at_least, await heads_at(self._settings.require_database_url(), self._settings)
            )
            looks = examine(server, self._installation, self._settings, self._clock, expected)
            async for check in looks:
                self._checks.append(check)


async def restore(tool: PgBackRest, data: Path, *options: str) -> None:
    """Restore a backup into the new directory `data`; the log is replayed by a server's start.

    Raises:
        BackupFailedError: pgBackRest failed; in its words.
    """
    answer = await tool.run("restore", f"--pg1-path={data}", *options, limit=LONG)
    good(answer, "the restore failed")


@contextmanager
def _alone(installation: Installation) -> Generator[None]:
    """Let nobody else drill here at the same time; delete what a killed drill left."""
    with (installation.paths.root / "drill.lock").open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefusedError("another restore drill runs on this machine") from None
        for left_over in installation.paths.root.glob(f"{PREFIX}*"):
            shutil.rmtree(left_over, ignore_errors=True)
        yield


@contextmanager
def _place(installation: Installation) -> Generator[Path]:
    """Give a directory of PostgreSQL's user; delete it afterwards."""
    directory = installation.paths.root / f"{PREFIX}{secrets.token_hex(4)}"
    for each in (directory, directory / "data"):
        make_private(each, installation.account)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def need_room(installation: Installation, backup: Backup) -> None:
    """Refuse to restore where that would fill the disk.

    Raises:
        BackupRefusedError: it would.
    """
    needed = int(str(backup.detail["database_bytes"])) * ROOM
    free = shutil.disk_usage(installation.paths.root).free
    if free < needed:
        raise BackupRefusedError(
            f"restoring {backup.label} needs {needed / 1e6:.0f} MB in {installation.paths.root}, "
            f"where {free / 1e6:.0f} MB are left"
        )


def _size(directory: Path) -> int:
    return sum(each.lstat().st_size for each in directory.rglob("*") if each.is_file())
