"""Which backups stay: the newest of each of the last days, weeks and months that have one."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from central_config.backups.model import Backup


class Keep(NamedTuple):
    """How many of each are kept."""

    daily: int = 7
    weekly: int = 5
    monthly: int = 12


def superfluous(backups: Iterable[Backup], keep: Keep) -> list[Backup]:
    """Return the backups that may go, oldest first.

    Each kind is judged by itself. The newest stays whatever the numbers say, and so does the
    newest that a restore drill has proven: it may be the only one that can be read.
    """
    by_kind: dict[tuple[str, str], list[Backup]] = {}
    for backup in backups:
        by_kind.setdefault((backup.method, backup.kind), []).append(backup)
    found: list[Backup] = []
    for group in by_kind.values():
        newest_first = sorted(group, key=lambda each: each.started_at, reverse=True)
        kept = _kept(newest_first, keep)
        found += [each for each in newest_first if each.label not in kept]
    return sorted(found, key=lambda each: each.started_at)


def _kept(newest_first: Sequence[Backup], keep: Keep) -> set[str]:
    kept = {each.label for each in newest_first[:1]}
    proven = (each for each in newest_first if each.detail.get("drill_passed") is True)
    kept |= {each.label for each in [next(proven, None)] if each is not None}
    periods: tuple[tuple[int, Callable[[datetime], object]], ...] = (
        (keep.daily, lambda moment: moment.date()),
        (keep.weekly, lambda moment: moment.isocalendar()[:2]),
        (keep.monthly, lambda moment: (moment.year, moment.month)),
    )
    for number, period in periods:
        first: dict[object, str] = {}
        for each in newest_first:
            first.setdefault(period(each.started_at.astimezone(UTC)), each.label)
        kept |= set(list(first.values())[:number])
    return kept
