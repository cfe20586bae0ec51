"""What a report of maintenance says: how each part of the service stands, and what to do."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class Status(StrEnum):
    """How a part stands; later is worse."""

    OK = "ok"
    SKIPPED = "skipped"  # nobody looked: never green
    UNKNOWN = "unknown"  # somebody looked and could not tell
    WARNING = "warning"
    BAD = "bad"


_ORDER = list(Status)


class Section(msgspec.Struct, frozen=True):
    """One part of a report.

    Args:
        name: what was looked at or done.
        status: how it stands.
        summary: a sentence with the figures, for people.
        facts: the figures, for programs; never a secret.
        advice: what somebody should do, each a command or a sentence.
    """

    name: str
    status: Status
    summary: str
    facts: Mapping[str, Any] = {}
    advice: list[str] = []


class Report(msgspec.Struct, frozen=True):
    """What one run of maintenance found. `kind` is that of the job (`maintenance.daily`)."""

    id: UUID
    kind: str
    started_at: datetime
    finished_at: datetime
    status: Status
    sections: Sequence[Section]


def overall(sections: Iterable[Section]) -> Status:
    """Return how a whole report stands: `ok`, `warning` or `bad`.

    What could not be told is a warning, and so is a report in which nobody looked at anything.
    What was skipped changes nothing, which is why a report always says how much that is.
    """
    found = [each.status for each in sections]
    worst = max(found, key=_ORDER.index, default=Status.UNKNOWN)
    if worst is Status.SKIPPED:
        return Status.OK if Status.OK in found else Status.WARNING
    return Status.WARNING if worst is Status.UNKNOWN else worst


def counts(sections: Iterable[Section]) -> dict[str, int]:
    """Return how many sections have which status; those that none has are left out."""
    found = [each.status for each in sections]
    return {status.value: found.count(status) for status in Status if status in found}
