"""The time, as one replaceable thing: tests must be able to set it."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the current moment, with time zone UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current moment, with time zone UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place that may ask the machine


def rfc3339(moment: datetime) -> str:
    """Return the moment in UTC with microseconds and `Z`, a form that sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_rfc3339(text: str) -> datetime | None:
    """Return the moment a text names, in UTC; None when it is no RFC 3339 time with a zone."""
    try:
        moment = datetime.fromisoformat(text)
        # In UTC the first and the last hours of the calendar may lie outside of it.
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
