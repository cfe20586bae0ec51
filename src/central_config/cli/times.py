"""Revisions and moments as people type them: `42`, `10m ago`, `yesterday 14:00`, RFC 3339."""

import re
from datetime import datetime, time, timedelta

from central_config.cli.errors import UsageError
from central_config.core.clock import Clock, SystemClock, parse_rfc3339, rfc3339

FORMS = (
    "a revision (42), a time with its zone (2026-11-23T12:00:00Z), `now`, `10m ago`, `2h ago`, "
    "`3d ago`, `today 14:00` or `yesterday 14:00`"
)

_AGO = re.compile(
    r"(\d{1,6})\s*"
    r"(s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?)\s+ago"
)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAY = re.compile(r"(today|yesterday)(?:\s+(?:at\s+)?(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_LONGEST_REVISION = 18  # digits PostgreSQL's bigint surely holds


def parse_when(text: str, clock: Clock | None = None) -> str:
    """Return a revision or RFC 3339 time for the server.

    `today` and `yesterday` are days of this machine's time zone; without an hour they mean
    midnight.

    Raises:
        UsageError: the text names no moment.
    """
    words = text.strip().lower()
    if words.isascii() and words.isdigit() and len(words) <= _LONGEST_REVISION:
        return str(int(words))
    now = (clock or SystemClock()).now()
    moment = _relative(words, now) or _day(words, now) or parse_rfc3339(text.strip())
    if moment is None:
        raise UsageError(f"{text!r} is neither a revision nor a time", f"Write {FORMS}.")
    return rfc3339(moment)


def parse_revision_or_time(text: str, clock: Clock | None = None) -> int | str:
    """Return the same for a JSON body, where a revision is a number."""
    found = parse_when(text, clock)
    return int(found) if found.isdigit() else found


def parse_moment(text: str, clock: Clock | None = None) -> str:
    """Return the RFC 3339 time of a moment; a revision is none.

    Raises:
        UsageError: the text names no moment.
    """
    found = parse_when(text, clock)
    if found.isdigit():
        raise UsageError(f"{text!r} is a revision, not a time", f"Write {FORMS}.")
    return found


def parse_expiry(text: str, clock: Clock | None = None) -> str:
    """Return the RFC 3339 time of `90d` (from now on) or of a time with its zone.

    Raises:
        UsageError: the text is neither.
    """
    found = re.fullmatch(r"(?:in\s+)?(\d{1,5})\s*([smhdw])\w*", text.strip().lower())
    if found is not None:
        span = timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})
        return rfc3339((clock or SystemClock()).now() + span)
    moment = parse_rfc3339(text.strip())
    if moment is None:
        hint = "Write 90d, 12h, or a time with its zone (2027-01-31T00:00:00Z)."
        raise UsageError(f"{text!r} is no time", hint)
    return rfc3339(moment)


def parse_span(text: str) -> timedelta:
    """Return a span of time such as `180d` or `12h`.

    Raises:
        UsageError: the text is none.
    """
    found = re.fullmatch(r"(\d{1,5})\s*([smhdw])\w*", text.strip().lower())
    if found is None:
        raise UsageError(f"{text!r} is no span of time", "Write 180d, 12h, 30m, 2w or 0s.")
    return timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})


def parse_side(text: str, clock: Clock | None = None) -> str:
    """Return one side of a comparison: `prod`, `prod@42` or `prod@10m ago`."""
    slug, at, moment = text.partition("@")
    if not slug or (at and not moment):
        raise UsageError(f"{text!r}: write ENVIRONMENT or ENVIRONMENT@REVISION-OR-TIME")
    return f"{slug}@{parse_when(moment, clock)}" if at else slug


def _relative(words: str, now: datetime) -> datetime | None:
    if words == "now":
        return now
    found = _AGO.fullmatch(words)
    if found is None:
        return None
    amount, unit = int(found.group(1)), found.group(2)
    try:
        return now - timedelta(**{_UNITS[unit[0]]: amount})
    except OverflowError:
        return None


def _day(words: str, now: datetime) -> datetime | None:
    found = _DAY.fullmatch(words)
    if found is None:
        return None
    hour, minute, second = (int(part or 0) for part in found.group(2, 3, 4))
    try:
        at = time(hour, minute, second)
    except ValueError:
        return None
    local = now.astimezone()
    day = local.date() - timedelta(days=1 if found.group(1) == "yesterday" else 0)
    # Made without a zone and then placed in the local one: the clock may have been put forward
    # or back since.
    return datetime.combine(day, at).astimezone()


def ago(moment: str | None, clock: Clock | None = None) -> str:
    """Return an RFC 3339 time as people say it, e.g. `5 min ago`; the date after a week."""
    parsed = None if moment is None else parse_rfc3339(moment)
    if parsed is None:
        return moment or ""
    seconds = ((clock or SystemClock()).now() - parsed).total_seconds()
    if seconds < 0:
        return parsed.astimezone().strftime("%Y-%m-%d %H:%M")
    for limit, size, unit in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds // size)} {unit} ago"
    if seconds < 7 * 86400:
        return f"{int(seconds // 86400)} d ago"
    return parsed.astimezone().strftime("%Y-%m-%d %H:%M")
