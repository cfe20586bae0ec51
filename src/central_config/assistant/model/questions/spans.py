"""Stretches of time by their own names: a day, a week, a month, `the last 3 days`, `2 weeks ago`.

Feasts have theirs in `feasts`; what is made of several (`the first week of march`, `yesterday
9am`) is in `parts`.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fourteen": 14, "fifteen": 15,
    "twenty": 20, "thirty": 30, "forty": 40, "sixty": 60, "ninety": 90, "a hundred": 100,
    "a couple of": 2, "a couple": 2, "couple of": 2, "couple": 2, "a few": 3, "few": 3,
    "half a": 0.5, "half an": 0.5,
}  # fmt: skip
_UNITS = {
    "minute": 1 / 1440, "min": 1 / 1440, "hour": 1 / 24, "hr": 1 / 24, "h": 1 / 24,
    "day": 1, "d": 1, "week": 7, "wk": 7, "w": 7, "fortnight": 14, "month": 30, "mo": 30,
    "quarter": 90, "year": 365, "yr": 365, "y": 365,
}  # fmt: skip


class Span(NamedTuple):
    """From `start` until just before `end`, UTC."""

    start: datetime
    end: datetime


NUMBER = rf"(?:\d{{1,4}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_UNIT = "(?:minutes?|mins?|hours?|hrs?|days?|weeks?|wks?|fortnights?|months?|quarters?|years?|yrs?)"
_SHORT = r"\d{1,4}(?:d|h|w|y|mo|min)"
LAPSE = rf"(?:{NUMBER}[ -]{_UNIT}|{_SHORT})"
_DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    "sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_ISO = r"20\d\d-[01]\d-[0-3]\d"

# `in the last week` is seven days, `last week` is the week before this one.
_ROLLING = frozenset(f"the last {unit}" for unit in ("week", "month", "quarter", "year"))

Maker = Callable[[re.Match[str], datetime], Span | None]


def lapse(words: str) -> timedelta:
    """Return how long `3 days`, `a week` or `90d` is; a month is 30 days, a year 365.

    Raises:
        ValueError: it is no such text.
    """
    found = re.fullmatch(rf"({NUMBER}|\d+)[ -]?([a-z]+?)s?", words)
    if not found or found[2] not in _UNITS:
        raise ValueError(words)
    number = _NUMBERS.get(found[1])
    return timedelta(days=(int(found[1]) if number is None else number) * _UNITS[found[2]])


def midnight(moment: datetime) -> datetime:
    """Return the beginning of a day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def whole_day(start: datetime) -> Span:
    """Return the day that begins then."""
    return Span(start, start + timedelta(days=1))


def _relative_day(found: re.Match[str], now: datetime) -> Span:
    back = {"today": 0, "yesterday": 1, "the day before yesterday": 2}[found["name"]]
    day = whole_day(midnight(now) - timedelta(days=back))
    return _part(day, found["part"])


def _part(day: Span, part: str | None) -> Span:
    """Return the hours of a day that are its morning, afternoon or evening."""
    hours = {"morning": (0, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 24)}
    if not part:
        return day
    first, last = hours[part]
    return Span(day.start + timedelta(hours=first), day.start + timedelta(hours=last))


def _this_part(found: re.Match[str], now: datetime) -> Span:
    return _part(whole_day(midnight(now)), found["part"])


def _last_night(_: re.Match[str], now: datetime) -> Span:
    today = midnight(now)
    return Span(today - timedelta(hours=6), today + timedelta(hours=6))


def _weekday(found: re.Match[str], now: datetime) -> Span:
    wanted = next(number for number, name in enumerate(DAYS) if name.startswith(found["day"][:3]))
    today = midnight(now)
    back = (today.weekday() - wanted) % 7 or 7
    return _part(whole_day(today - timedelta(days=back)), found["part"])


def unit_of(start: datetime, unit: str, steps: int) -> datetime:
    """Return the beginning of the week, month, quarter or year so many steps from `start`'s."""
    today = midnight(start)
    if unit == "week":
        return today - timedelta(days=today.weekday()) + timedelta(weeks=steps)
    size = {"month": 1, "quarter": 3, "year": 12}[unit]
    months = (today.year * 12 + today.month - 1) // size * size + steps * size
    return today.replace(year=months // 12, month=months % 12 + 1, day=1)


def _before_last(found: re.Match[str], now: datetime) -> Span:
    """Return the week, month, quarter or year before the last one."""
    return Span(unit_of(now, found["unit"], -2), unit_of(now, found["unit"], -1))


def _calendar(found: re.Match[str], now: datetime) -> Span:
    if found[0] in _ROLLING:
        return _rolling(found, now)
    at = 0 if found["which"] in {"this", "current"} else -1
    unit = found["unit"].removeprefix("calendar ")
    if unit == "weekend":
        before = midnight(now) - timedelta(days=now.weekday() + 1)
        return _weekend(found, before if at else now)
    return Span(unit_of(now, unit, at), unit_of(now, unit, at + 1))


def _weekend(_: re.Match[str], now: datetime) -> Span:
    """Return the latest weekend that has begun."""
    saturday = unit_of(now, "week", 0) + timedelta(days=5)
    if saturday > now:
        saturday -= timedelta(weeks=1)
    return Span(saturday, saturday + timedelta(days=2))


def _rolling(found: re.Match[str], now: datetime) -> Span:
    words = found.groupdict()
    return Span(now - lapse(words.get("lapse") or f"1 {words['unit']}"), now + timedelta(seconds=1))


def _ago(found: re.Match[str], now: datetime) -> Span:
    """Return the day, or for hours and minutes the moment, so long ago."""
    moment = now - lapse(found["lapse"])
    if re.search(r"h|min", found["lapse"]) and "month" not in found["lapse"]:
        return Span(moment, moment)
    return whole_day(midnight(moment))


def _iso(found: re.Match[str], _: datetime) -> Span:
    start = datetime.fromisoformat(found["date"]).replace(tzinfo=UTC)
    if not found["clock"]:
        return whole_day(start)
    hour, minute = found["clock"].split(":")[:2]
    moment = start + timedelta(hours=int(hour), minutes=int(minute))
    return Span(moment, moment)


def _month_of(name: str) -> int:
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(name[:3]))


def _in_month(found: re.Match[str], now: datetime) -> Span | None:
    month = _month_of(found["month"])
    over = now.month - (found["which"] is not None)  # in March, `last march` is a year ago
    start = midnight(now).replace(year=_year(found["year"], month > over, now), month=month, day=1)
    return Span(start, unit_of(start, "month", 1))


def _date(found: re.Match[str], now: datetime) -> Span | None:
    return _dated(found["month"], int(found["nth"]), found["year"], now)


def _dated(name: str, day: int, said: str | None, now: datetime) -> Span | None:
    month = _month_of(name)
    year = _year(said, (month, day) > (now.month, now.day), now)
    start = midnight(now).replace(year=year, month=month, day=day)
    return whole_day(start) if start <= now else None


def _days_of_month(found: re.Match[str], now: datetime) -> Span | None:
    """Return the days from one to another of the same month, both included."""
    first = _dated(found["month"], int(found["nth"]), found["year"], now)
    last = first and whole_day(first.start.replace(day=int(found["last"])))
    return Span(first.start, last.end) if first and last and first.start < last.end else None


def _nth(found: re.Match[str], now: datetime) -> Span | None:
    """Return the latest day of that number: `the 5th`."""
    day = int(found["nth"])
    month = unit_of(now, "month", -1 if day > now.day else 0)
    return whole_day(month.replace(day=day))


def _year(said: str | None, ahead: bool, now: datetime) -> int:  # noqa: FBT001 - what it is for
    """Return the year said, or the latest in which it is not still to come."""
    if said:
        return {"last year": now.year - 1, "this year": now.year}.get(said) or int(said)
    return now.year - 1 if ahead else now.year


def _nth_quarter(found: re.Match[str], now: datetime) -> Span | None:
    months = {"first": "jan", "second": "apr", "third": "jul", "fourth": "oct", "last": "oct"}
    first = _dated(months[found["nth"]], 1, found["year"], now)
    return first and Span(first.start, unit_of(first.start, "quarter", 1))


def _whole_year(found: re.Match[str], now: datetime) -> Span | None:
    start = midnight(now).replace(year=int(found["year"]), month=1, day=1)
    return Span(start, start.replace(year=start.year + 1)) if start <= now else None


def _quarter(found: re.Match[str], now: datetime) -> Span | None:
    month = int(found["quarter"]) * 3 - 2
    year = _year(found["year"], month > now.month, now)
    start = midnight(now).replace(year=year, month=month, day=1)
    return Span(start, unit_of(start, "quarter", 1)) if start <= now else None


_PART = r"(?: (?P<part>morning|afternoon|evening|night))?"
YEAR = r"(?:(?: of)?(?: ,)? (?P<year>20\d\d|(?:last|this) year))?"
_NTH = r"(?:the )?(?P<nth>[0-3]?\d)(?:st|nd|rd|th)?(?: of)?"
_LAST = r"(?:the )?(?P<last>[0-3]?\d)(?:st|nd|rd|th)?(?: of)?"
_TO = r"(?: ?(?:-|\u2013) ?| (?:and|to|until|till|through|up to) )"
_CALENDAR = "(?P<unit>week|month|quarter|year)"
NAMED: tuple[tuple[str, Maker], ...] = (
    (rf"(?P<name>today|yesterday|the day before yesterday){_PART}", _relative_day),
    (r"this (?P<part>morning|afternoon|evening)", _this_part),
    (r"last night", _last_night),
    (
        (
            r"(?:(?:the )?(?P<which>this|current|last|previous)|(?:the )?past(?= weekend)) "
            r"(?P<unit>weekend|(?:calendar )?week|(?:calendar )?month|quarter|year)"
        ),
        _calendar,
    ),
    (rf"the {_CALENDAR} before(?: the)? last(?: one| {_UNIT})?", _before_last),
    (
        (
            r"(?:(?:the|these) )?(?:last|past|previous|preceding|most recent) "
            rf"(?P<lapse>{LAPSE})"
        ),
        _rolling,
    ),
    (
        (
            r"(?:(?:the |this )?past|(?:the )?last) "
            r"(?P<unit>minute|hour|day|week|fortnight|month|quarter|year)"
        ),
        _rolling,
    ),
    (r"the (?P<unit>weekend)", _weekend),
    (rf"(?:(?:about|around|roughly|some) )?(?P<lapse>{LAPSE}) (?:ago|back)", _ago),
    (rf"(?P<date>{_ISO})(?:(?: at |t| )(?P<clock>\d\d:\d\d(?::\d\d)?)z?(?: utc)?)?", _iso),
    (rf"{_NTH} (?P<month>{_MONTH}){YEAR}", _date),
    (rf"(?P<month>{_MONTH}) {_NTH}{YEAR}", _date),
    (rf"{_NTH}{_TO}{_LAST} (?P<month>{_MONTH}){YEAR}", _days_of_month),
    (rf"(?P<month>{_MONTH}) {_NTH}{_TO}{_LAST}{YEAR}", _days_of_month),
    (r"the (?P<nth>[0-3]?\d)(?:st|nd|rd|th)(?: of (?:the|this) month)?", _nth),
    (rf"(?P<which>last )?(?P<month>{_MONTH}){YEAR}", _in_month),
    (rf"(?:last |this |this past |past )?(?P<day>{_DAY}){_PART}", _weekday),
    (r"(?P<year>20\d\d)", _whole_year),
    (rf"the (?P<nth>first|second|third|fourth) quarter{YEAR}", _nth_quarter),
    (rf"q(?P<quarter>[1-4]){YEAR}", _quarter),
)
