"""What a look at the system found."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from central_config.core.json import JSON


class Status(StrEnum):
    """How it stands; later is worse."""

    OK = "ok"
    SKIPPED = "skipped"  # nobody looked: never green
    UNKNOWN = "unknown"  # somebody looked and could not tell
    WARNING = "warning"
    BAD = "bad"


_ORDER = list(Status)


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at.

    Args:
        check: its name, `part.what` (`database.connections`).
        status: how it stands.
        summary: a sentence with the figures, for people.
        facts: the figures, for programs and for the planner; never a secret.
    """

    check: str
    status: Status
    summary: str
    facts: Mapping[str, JSON] = {}


def worst(findings: Iterable[Finding]) -> Status:
    """Return the worst status; UNKNOWN when nothing was looked at."""
    return max((each.status for each in findings), key=_ORDER.index, default=Status.UNKNOWN)
