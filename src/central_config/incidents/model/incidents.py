"""An incident, its severity and status, its timeline and the actions that follow from it."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

Severity = Literal["P0", "P1", "P2", "P3"]
Status = Literal["investigating", "identified", "monitoring", "resolved"]

INVESTIGATING, IDENTIFIED, MONITORING, RESOLVED = (
    "investigating",
    "identified",
    "monitoring",
    "resolved",
)


class Level(NamedTuple):
    """What a severity means: its name, and how soon somebody has to have acknowledged."""

    name: str
    respond_within: timedelta
    meaning: str


LEVELS: Mapping[str, Level] = {
    "P0": Level("Critical", timedelta(minutes=15), "System down, data loss risk"),
    "P1": Level("High", timedelta(hours=1), "Degraded performance, partial outage"),
    "P2": Level("Medium", timedelta(hours=4), "Minor issues, workarounds available"),
    "P3": Level("Low", timedelta(hours=24), "Enhancement requests, minor bugs"),
}
CRITICAL = frozenset({"P0", "P1"})

_ID = re.compile(r"INC-\d{4}-\d{4}-\d{3,6}")


def is_incident_id(text: str) -> bool:
    """Tell whether a text can be the id of an incident."""
    return _ID.fullmatch(text) is not None


def day_prefix(moment: datetime) -> str:
    """Return what the ids of a day's incidents begin with: INC-YYYY-MMDD-."""
    return f"INC-{moment:%Y-%m%d}-"


def id_of_day(moment: datetime, number: int) -> str:
    """Return the id of the nth incident of a day (of UTC)."""
    return f"{day_prefix(moment)}{number:03d}"


class Contact(msgspec.Struct, frozen=True):
    """Whom to ask about an incident; what is not known is ""."""

    name: str = ""
    phone: str = ""
    email: str = ""


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident. Texts are "" while nobody has recorded them.

    `detected_at` is when it was noticed, `opened_at` when this service was told: escalation counts
    from there. `situation` is what is known now and being done; it ends as history in the timeline.
    """

    id: str
    severity: str
    status: str
    title: str
    situation: str = ""
    services: tuple[str, ...] = ()
    customers: str = ""
    revenue: str = ""
    contact: Contact = Contact()
    widespread: bool = False
    customer_facing: bool = False
    business_critical: bool = False
    detected_at: datetime
    opened_at: datetime
    opened_by: str
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    resolved_at: datetime | None = None
    next_update_at: datetime | None = None
    summary: str = ""
    root_cause: str = ""
    resolution: str = ""
    prevention: str = ""
    lessons: str = ""
    alert_group: str | None = None
    alerts_firing: tuple[str, ...] = ()

    @property
    def acknowledge_by(self) -> datetime:
        """Until when somebody has to have acknowledged it."""
        return self.opened_at + LEVELS[self.severity].respond_within

    @property
    def open(self) -> bool:
        """Whether it goes on."""
        return self.status != RESOLVED

    def lasted(self, now: datetime) -> timedelta:
        """Return how long it lasted, or has lasted until now, since it was detected."""
        return (self.resolved_at or now) - self.detected_at


class Entry(msgspec.Struct, frozen=True):
    """A line of a timeline: who did or found what, and when."""

    incident_id: str
    at: datetime
    actor_kind: str
    actor_name: str
    kind: str
    text: str


# Kinds of entries.
OPENED, NOTE, CHANGED, ACKNOWLEDGED, RESOLVED_ENTRY = (
    "opened",
    "note",
    "changed",
    "acknowledged",
    "resolved",
)
ESCALATED, NOBODY, OVERDUE, ALERT, ACTION = "escalated", "nobody", "overdue", "alert", "action"


class Action(msgspec.Struct, frozen=True):
    """Something to do so that it does not happen again; `number` counts within the incident."""

    incident_id: str
    number: int
    text: str
    owner: str = ""
    due: date | None = None
    done_at: datetime | None = None


class Told(NamedTuple):
    """An incident with what belongs to it.

    `entries` are the last of its timeline, or those before one that was asked for. `earlier` is the
    number of the first of them where there are earlier ones.
    """

    incident: Incident
    entries: list[Entry]
    actions: list[Action]
    earlier: int | None = None
