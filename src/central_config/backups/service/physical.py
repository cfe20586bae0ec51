"""Physical backups: the server's files and its log, by pgBackRest.

Made on the machine whose `serve` runs PostgreSQL. A backup that `verify` found no fault in is
checked; only a `drill`, which restores it and looks at what comes out, makes it verified.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from central_config.backups.model import Backup, Kind
from central_config.backups.model.drills import Drill
from central_config.backups.model.errors import BackupRefusedError, NotPossibleHereError
from central_config.backups.model.pgbackrest import STANZA, Contents, faults, read_info
from central_config.backups.model.segments import gaps, names
from central_config.backups.service.drilling import Drilling, Progress
from central_config.backups.service.installation import installation
from central_config.backups.service.pgbackrest import LONG, SHORT, PgBackRest, good
from central_config.backups.service.recovery import Recovered, Recovery
from central_config.core.clock import Clock
from central_config.core.settings import Settings

FULL_EVERY = timedelta(days=6, hours=12)  # so that one made daily is full on the same weekday
KINDS = ("full", "diff", "incr")


class Verification(Struct, frozen=True):
    """What reading a whole repository again found; `backups` are the labels it held."""

    ok: bool
    words: str
    backups: tuple[str, ...]


def _silent(_done: int, _total: int, _note: str) -> None:
    """Report nothing."""


class Physical:
    """The physical backups of this machine's installation.

    Raises:
        BackupRefusedError: a setting is missing or weak, pgBackRest is not installed, or the
            database is not one that `serve` runs here.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._installation = installation(settings)
        self._tool = PgBackRest(settings, self._installation)
        self._tool.prepare()

    async def create(self, kind: Kind = "incr") -> Backup:
        """Make a backup; the first is full whatever is asked for. Old ones expire after it.

        Raises:
            BackupRefusedError: `kind` is no physical one, or pgBackRest does not know the server.
            BackupFailedError: pgBackRest failed; in its words.
        """
        if kind not in KINDS:
            raise BackupRefusedError(f"a physical backup is full, diff or incr, not {kind}")
        await self._make_stanza()
        good(
            await self._tool.run_alone("backup", f"--type={kind}", limit=LONG), "the backup failed"
        )
        return (await self.contents()).backups[-1]

    async def due(self) -> Kind:
        """Return what kind of backup is to be made next: a full one a week, between them changes.

        Raises:
            NotPossibleHereError: pgBackRest does not know the server.
            BackupRefusedError: the repository is not what it was.
            BackupFailedError: the repository cannot be read.
        """
        await self._make_stanza()
        full = [each for each in await self.list() if each.kind == "full"]
        if not full or self._clock.now() - full[-1].finished_at > FULL_EVERY:
            return "full"
        return "incr"

    async def list(self) -> Sequence[Backup]:
        """Return the backups in the repository, oldest first.

        Raises:
            BackupFailedError: the repository cannot be read.
        """
        return (await self.contents()).backups

    async def contents(self) -> Contents:
        """Return what pgBackRest says of the repository.

        Raises:
            BackupFailedError: the repository cannot be read.
        """
        answer = await self._tool.run("info", "--output=json", limit=SHORT)
        return read_info(good(answer, "the repository cannot be read"), self._tool.place)

    async def verify(self) -> Verification:
        """Read every file of the repository again and compare it with what was written.

        pgBackRest's `verify` also succeeds on nothing at all, so what is there is asked first.
        """
        before = await self.contents()
        labels = tuple(each.label for each in before.backups)
        if before.status != 0:
            return Verification(False, before.message, labels)
        answer = await self._tool.run("verify", "--output=text", "--verbose", limit=LONG)
        found = [each for each in (faults(answer.output, labels),) if each]
        found += await self._missing(before.backups[-1])
        if answer.code != 0 or found:
            return Verification(False, "; ".join(found) or answer.words, labels)
        return Verification(True, f"{len(labels)} backups and their log are whole", labels)

    async def _missing(self, newest: Backup) -> Sequence[str]:
        """Return where the log has gaps since the newest backup; pgBackRest does not look."""
        answer = await self._tool.run(
            "repo-ls", f"archive/{STANZA}", "--recurse", "--output=json", limit=SHORT * 5
        )
        listed = msgspec.json.decode(good(answer, "the log cannot be listed"), type=dict[str, Any])
        return [
            f"the log has a gap: {gap.missing} segments after {gap.after} are missing, and no "
            "moment since can be reached; make a backup now"
            for gap in gaps(names(listed))
            if gap.before > str(newest.detail["first_segment"])
        ]

    async def prune(self) -> Sequence[str]:
        """Delete what BACKUP_RETENTION_FULL does not keep; return the labels deleted.

        Raises:
            BackupFailedError: pgBackRest failed; in its words.
        """
        before = {each.label for each in await self.list()}
        good(await self._tool.run_alone("expire", limit=LONG), "nothing was pruned")
        return sorted(before - {each.label for each in await self.list()})

    async def drill(self, progress: Progress = _silent) -> Drill:
        """Restore the newest backup beside the live server, look at it, and delete it again.

        What is wrong with the backup is in the result, not raised. Call it in the main thread.

        Raises:
            BackupRefusedError: another drill runs, or the disk has no room for it.
        """
        drilling = Drilling(self._tool, self._installation, self._settings, self._clock, progress)
        return await drilling.run()

    async def recover(self, to: datetime | None, *, switch: bool = True) -> Recovered:
        """Bring the installation back to a moment, or (None) as far as the archive goes.

        `serve` must not run, unless `switch` is off: then the recovered data only lies beside the
        live one. Call it in the main thread.

        Raises:
            BackupRefusedError: the moment cannot be reached, or `serve` runs.
            BackupFailedError: it went wrong; the live data is as it was.
        """
        recovery = Recovery(self._tool, self._installation, self._settings, self._clock)
        return await recovery.run(await self.list(), to, switch=switch)

    async def _make_stanza(self) -> None:
        """Make the installation known to the repository, if it is not yet."""
        lost = self._tool.lost(await self._tool.run("info", "--output=json", limit=SHORT))
        if lost is not None:
            raise BackupRefusedError(lost)
        answer = await self._tool.run_alone("stanza-create", "--no-online", limit=SHORT)
        reason = self._tool.unsupported(answer)
        if reason is not None:
            raise NotPossibleHereError(reason)
        good(answer, "the repository cannot be used")
        self._tool.note_begun()
