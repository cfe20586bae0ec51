"""What a look at the system found."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, cast

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
    # JSON; the decoder takes no recursive type.
    facts: Mapping[str, Any] = {}


class Findings:
    """Findings by their check; what nobody looked at is SKIPPED and has no facts."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.all = tuple(findings)
        self._by_check = {each.check: each for each in self.all}

    def __getitem__(self, check: str) -> Finding:
        return self._by_check.get(check) or Finding(check, Status.SKIPPED, "nobody looked")

    def bad(self, check: str) -> bool:
        """Tell whether somebody looked and it is bad."""
        return self[check].status is Status.BAD

    def poor(self, check: str) -> bool:
        """Tell whether somebody looked and it is not well."""
        return self[check].status in {Status.BAD, Status.WARNING}

    def rows(self, check: str, fact: str) -> list[dict[str, JSON]]:
        """Return a fact that is a list of objects; empty where there is none."""
        return cast("list[dict[str, JSON]]", self[check].facts.get(fact) or [])


def worst(findings: Iterable[Finding]) -> Status:
    """Return the worst status; UNKNOWN when nothing was looked at."""
    return max((each.status for each in findings), key=_ORDER.index, default=Status.UNKNOWN)
