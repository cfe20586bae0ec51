"""The moment a recovery leads to."""

from collections.abc import Sequence
from datetime import UTC, datetime

from central_config.backups.model import Backup
from central_config.backups.model.errors import BackupRefusedError
from central_config.core.clock import parse_rfc3339


def parse_moment(text: str) -> datetime:
    """Return the moment that is meant, in UTC.

    Raises:
        BackupRefusedError: it is no time, or has no zone: nobody shall have to guess which.
    """
    found = parse_rfc3339(text)
    if found is None:
        raise BackupRefusedError(
            f"{text!r} is no time with a zone; write it as 2026-11-23 12:00:00+03:00 "
            "or 2026-11-23T09:00:00Z"
        )
    return found


def base_for(backups: Sequence[Backup], to: datetime | None, now: datetime) -> Backup:
    """Return the backup from which `to` is reached with the least log; None is the latest moment.

    Raises:
        BackupRefusedError: no backup was complete by then, or the moment is yet to come.
    """
    if not backups:
        raise BackupRefusedError("there is no physical backup to recover from")
    if to is None:
        return backups[-1]
    if to > now:
        raise BackupRefusedError(f"{spelled(to)} is yet to come")
    # pgBackRest tells whole seconds: a backup of that very second may have ended after the moment.
    earlier = [each for each in backups if each.finished_at < to.replace(microsecond=0)]
    if not earlier:
        raise BackupRefusedError(
            f"the first moment that can be recovered is after {spelled(backups[0].finished_at)}, "
            f"when backup {backups[0].label} was complete"
        )
    return earlier[-1]


def spelled(moment: datetime) -> str:
    """Return the moment as PostgreSQL and people read it, in UTC and with its zone."""
    return moment.astimezone(UTC).isoformat(sep=" ")
