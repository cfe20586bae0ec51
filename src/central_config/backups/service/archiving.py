"""The archive of the server's log: what makes a point in time recoverable.

`serve` asks `archiving_of` for what makes its PostgreSQL archive; `archive_facts` says how the
archive fares.

Two bounds are chosen here. A push is given up after `PUSH_LIMIT`, and a stop makes no further one
after one that failed, so it does not hang while the repository cannot be reached. And when more
than `LONGEST_QUEUE` waits, pgBackRest lets segments go: the service keeps its disk and goes on, and
recovery has a gap until the next backup.
"""

import shlex
import shutil
from collections.abc import Mapping

import structlog

from central_config.backups.model.errors import BackupRefusedError
from central_config.backups.model.repository import passphrase, repository
from central_config.backups.service.installation import of_ground
from central_config.backups.service.pgbackrest import PgBackRest
from central_config.backups.store import archiver
from central_config.backups.store.archiver import ArchiveFacts
from central_config.core.db import Database
from central_config.core.settings import Settings
from central_config.supervisor.cluster import Archiving, Ground

__all__ = ["ARCHIVE_EVERY", "ArchiveFacts", "archive_facts", "archiving_of"]

# An unfinished segment is archived after so many seconds when something was written: what may be
# lost with the machine.
ARCHIVE_EVERY = 60
PUSH_PATIENCE = 5  # seconds pgBackRest waits for a repository that does not answer
PUSH_LIMIT = 20  # seconds for one segment, whatever happens
# Seconds a start may wait for the repository; without it the service starts all the same.
STANZA_LIMIT = 10.0
# What a server that is being stopped writes into this file of its data directory, where the
# command runs.
STOPPING, POSTMASTER = "stopping", "postmaster.pid"

_log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


def archiving_of(settings: Settings) -> Archiving | None:
    """Return what makes the one machine's PostgreSQL archive its log; None without a repository.

    Raises:
        BackupRefusedError: BACKUP_REPOSITORY is set, but not what belongs to it.
    """
    if settings.backup_repository is None:
        return None
    repository(settings)
    passphrase(settings)
    return _Archiver(settings)


async def archive_facts(database: Database) -> ArchiveFacts:
    """Return how the archive of the log fares, as the server itself counts it."""
    async with database.connect() as connection:
        return await archiver.facts(connection)


class _Archiver:
    """Prepares the archive at the first start of the server and keeps to what it found."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._found: Mapping[str, str] | None = None

    def __call__(self, ground: Ground) -> Mapping[str, str]:
        """Return PostgreSQL's settings; no archive when pgBackRest cannot do it."""
        if self._found is None:
            try:
                self._found = self._prepare(ground)
            except (BackupRefusedError, OSError) as problem:
                _log.warning("the log is not archived", reason=str(problem))
                self._found = {}
        return self._found

    def _prepare(self, ground: Ground) -> Mapping[str, str]:
        tool = PgBackRest(self._settings, of_ground(ground), archiving=True)
        tool.prepare()
        quick = f"--io-timeout={PUSH_PATIENCE}"
        trouble = self._trouble(tool, quick) if tool.is_begun() else None
        if trouble is None:
            self._make_stanza(tool, quick)
        else:
            # It may be well again in a minute. Segments wait, and the alert tells.
            _log.warning("the backup repository is not ready", reason=trouble)
        return {
            "archive_mode": "on",
            "archive_command": push_command(tool),
            "archive_timeout": str(ARCHIVE_EVERY),
        }

    @staticmethod
    def _trouble(tool: PgBackRest, quick: str) -> str | None:
        """Return what is wrong with a repository that was well before; None when nothing is."""
        info = tool.run_at_start(quick, "info", "--output=json", limit=STANZA_LIMIT)
        return info.words if info.code != 0 else tool.lost(info)

    @staticmethod
    def _make_stanza(tool: PgBackRest, quick: str) -> None:
        answer = tool.run_at_start(quick, "stanza-create", "--no-online", limit=STANZA_LIMIT)
        reason = tool.unsupported(answer)
        if reason is not None:
            raise BackupRefusedError(reason)
        if answer.code == 0:
            tool.note_begun()
        else:
            _log.warning("the backup repository is not ready", reason=answer.words)


def push_command(tool: PgBackRest) -> str:
    """Return PostgreSQL's `archive_command`.

    A stopping server tries five times to archive its last segment. Where the attempt before failed
    those are not made, so that a stop takes one attempt at most; the segment waits for the start.
    """
    push = [*tool.command(f"--io-timeout={PUSH_PATIENCE}", "archive-push")]
    bound = shutil.which("timeout")
    if bound is not None:
        push = [bound, str(PUSH_LIMIT), *push]
    failed = shlex.quote(str(tool.failed))
    command = (
        f"if test -e {failed} && grep -qs {STOPPING} {POSTMASTER}; then exit 1; fi; "
        f"if {shlex.join(push)} @; then rm -f {failed}; else touch {failed}; exit 1; fi"
    )
    # `%` begins PostgreSQL's own placeholders; the only one meant is the path of the segment.
    return command.replace("%", "%%").replace("@;", '"%p";')
