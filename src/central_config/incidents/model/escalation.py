"""Who is told of an incident after how long: the escalation matrix as data."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from central_config.incidents.model.incidents import CRITICAL, Incident

Condition = Literal["any", "critical", "widespread", "customer_facing", "business_critical"]

CONDITIONS: Mapping[str, str] = {
    "any": "not resolved",
    "critical": "not resolved, and of severity P0 or P1",
    "widespread": "not resolved, and the impact is widespread",
    "customer_facing": "not resolved, and customers feel it",
    "business_critical": "not resolved, and the business depends on it",
}

# No step, but told alike: nobody acknowledged in time. Its name can be none of a role.
UNACKNOWLEDGED = "!unacknowledged"

_ROLE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_ROLE = 60


class Step(msgspec.Struct, frozen=True):
    """One row of the matrix: `after_minutes` from the opening on, if the condition holds.

    `role` is its name in commands and addresses (`team-lead`), `name` the one for people.
    `targets` are those of notifications; none means that nobody can be told.
    """

    role: str
    name: str
    after_minutes: int
    condition: str
    targets: tuple[str, ...] = ()

    def holds(self, incident: Incident) -> bool:
        """Tell whether the condition holds, however long the incident has lasted."""
        if self.condition == "critical":
            return incident.severity in CRITICAL
        return self.condition == "any" or bool(getattr(incident, self.condition))

    def is_due(self, incident: Incident, now: datetime) -> bool:
        """Tell whether the incident has lasted long enough and the condition holds."""
        late = now - incident.opened_at >= timedelta(minutes=self.after_minutes)
        return incident.open and late and self.holds(incident)


def is_role(text: str) -> bool:
    """Tell whether a text can name a step."""
    return len(text) <= LONGEST_ROLE and _ROLE.fullmatch(text) is not None


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Return steps as time reaches them."""
    return sorted(steps, key=lambda step: (step.after_minutes, step.role))
