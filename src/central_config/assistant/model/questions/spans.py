"""Stretches of time by their names: a day, a week, a month, `the last 3 days`, `2 weeks ago`."""

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
    "a couple of": 2, "a couple": 2, "couple of": 2, "half a": 0.5, "half an": 0.5,
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

_Maker = Callable[[re.Match[str], datetime], Span | None]


def span(words: str, now: datetime) -> Span | None:
    """Return the stretch that the words name, seen from `now`; None if there is no such."""
    for pattern, make in _MAKERS:
        found = pattern.fullmatch(words)
        if found:
            try:
                return make(found, now)
            except (ValueError, OverflowError):
                return None
    return None


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


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _day(start: datetime) -> Span:
    return Span(start, start + timedelta(days=1))


def _relative_day(found: re.Match[str], now: datetime) -> Span:
    back = {"today": 0, "this day": 0, "yesterday": 1, "the day before yesterday": 2}
    day = _day(
        _midnight(now) - timedelta(days=back[found["name"].replace("the day b", "the day b")])
    )
    return _part(day, found["part"])


def _part(day: Span, part: str | None) -> Span:
    """Return the hours of a day that are its morning, afternoon or evening."""
    hours = {"morning": (0, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 24)}
    if not part:
        return day
    first, last = hours[part]
    return Span(day.start + timedelta(hours=first), day.start + timedelta(hours=last))


def _this_part(found: re.Match[str], now: datetime) -> Span:
    return _part(_day(_midnight(now)), found["part"])


def _last_night(_: re.Match[str], now: datetime) -> Span:
    today = _midnight(now)
    return Span(today - timedelta(hours=6), today + timedelta(hours=6))


def _weekday(found: re.Match[str], now: datetime) -> Span:
    wanted = next(number for number, name in enumerate(DAYS) if name.startswith(found["day"][:3]))
    today = _midnight(now)
    back = (today.weekday() - wanted) % 7 or 7
    return _part(_day(today - timedelta(days=back)), found["part"])


def _unit(start: datetime, unit: str, steps: int) -> datetime:
    """Return the beginning of the week, month, quarter or year so many steps from `start`'s."""
    today = _midnight(start)
    if unit == "week":
        return today - timedelta(days=today.weekday()) + timedelta(weeks=steps)
    size = {"month": 1, "quarter": 3, "year": 12}[unit]
    months = (today.year * 12 + today.month - 1) // size * size + steps * size
    return today.replace(year=months // 12, month=months % 12 + 1, day=1)


def _calendar(found: re.Match[str], now: datetime) -> Span:
    if found[0] in _ROLLING:
        return _rolling(found, now)
    at = 0 if found["which"] in {"this", "current"} else -1
    unit = found["unit"].removeprefix("calendar ")
    if unit == "weekend":
        saturday = _unit(now, "week", at) + timedelta(days=5)
        if saturday > now:
            saturday -= timedelta(weeks=1)
        return Span(saturday, saturday + timedelta(days=2))
    return Span(_unit(now, unit, at), _unit(now, unit, at + 1))


def _rolling(found: re.Match[str], now: datetime) -> Span:
    words = found.groupdict()
    return Span(now - lapse(words.get("lapse") or f"1 {words['unit']}"), now + timedelta(seconds=1))


def _ago(found: re.Match[str], now: datetime) -> Span:
    """Return the day, or for hours and minutes the moment, so long ago."""
    moment = now - lapse(found["lapse"])
    if re.search(r"h|min", found["lapse"]) and "month" not in found["lapse"]:
        return Span(moment, moment)
    return _day(_midnight(moment))


def _iso(found: re.Match[str], _: datetime) -> Span:
    start = datetime.fromisoformat(found["date"]).replace(tzinfo=UTC)
    if not found["clock"]:
        return _day(start)
    hour, minute = found["clock"].split(":")[:2]
    moment = start + timedelta(hours=int(hour), minutes=int(minute))
    return Span(moment, moment)


def _month_of(name: str) -> int:
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(name[:3]))


def _in_month(found: re.Match[str], now: datetime) -> Span | None:
    month = _month_of(found["month"])
    year = _year(found["year"], (month,) > (now.month,), now)
    start = _midnight(now).replace(year=year, month=month, day=1)
    if start > now:
        return None
    end = _unit(start, "month", 1)
    third = {"early": (0, 10), "mid": (10, 20), "late": (20, 31)}.get(found["part"] or "")
    if third:
        first, last = (start + timedelta(days=day) for day in third)
        return Span(first, min(last, end))
    return Span(start, end)


def _date(found: re.Match[str], now: datetime) -> Span | None:
    month, day = _month_of(found["month"]), int(found["nth"])
    year = _year(found["year"], (month, day) > (now.month, now.day), now)
    start = _midnight(now).replace(year=year, month=month, day=day)
    return _day(start) if start <= now else None


def _year(said: str | None, ahead: bool, now: datetime) -> int:  # noqa: FBT001 - what it is for
    """Return the year said, or the latest in which it is not still to come."""
    if said:
        return int(said)
    return now.year - 1 if ahead else now.year


def _whole_year(found: re.Match[str], now: datetime) -> Span | None:
    start = _midnight(now).replace(year=int(found["year"]), month=1, day=1)
    return Span(start, start.replace(year=start.year + 1)) if start <= now else None


def _quarter(found: re.Match[str], now: datetime) -> Span | None:
    month = int(found["quarter"]) * 3 - 2
    year = _year(found["year"], month > now.month, now)
    start = _midnight(now).replace(year=year, month=month, day=1)
    return Span(start, _unit(start, "quarter", 1)) if start <= now else None


def _clock(found: re.Match[str], now: datetime) -> Span | None:
    """Return the moment of a clock, today or on the day that is named beside it."""
    day = span(found["day"], now) if found["day"] else _day(_midnight(now))
    if day is None:
        return None
    said = {"noon": "12:00", "midnight": "0:00"}.get(found["clock"], found["clock"])
    hour, _, minute = said.rstrip("apm ").partition(":")
    late = 12 if said.endswith("pm") and int(hour) < 12 else 0  # noqa: PLR2004 - noon
    moment = day.start + timedelta(hours=int(hour) + late, minutes=int(minute or 0))
    return Span(moment, moment)


def _edge(found: re.Match[str], now: datetime) -> Span | None:
    inner = re.sub(r"^the (?=(week|month|quarter|year)$)", "this ", found["inner"])
    whole = span(inner, now)
    if whole is None:
        return None
    return Span(whole.end, whole.end) if found["edge"] == "end" else Span(whole.start, whole.start)


def _nameless(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


_PART = r"(?: (?P<part>morning|afternoon|evening|night))?"
_YEAR = r"(?:(?: ?,)? (?P<year>20\d\d))?"
_NTH = r"(?:the )?(?P<nth>[0-3]?\d)(?:st|nd|rd|th)?(?: of)?"
_NAMED: tuple[tuple[str, _Maker], ...] = (
    (rf"(?P<name>today|yesterday|the day before yesterday){_PART}", _relative_day),
    (r"this (?P<part>morning|afternoon|evening)", _this_part),
    (r"last night", _last_night),
    (
        (
            r"(?:the )?(?P<which>this|current|last|previous) "
            r"(?P<unit>weekend|(?:calendar )?week|(?:calendar )?month|quarter|year)"
        ),
        _calendar,
    ),
    (rf"(?:the )?(?:last|past|previous|preceding|most recent) (?P<lapse>{LAPSE})", _rolling),
    (
        r"(?:(?:the )?past|(?:the )?last) (?P<unit>minute|hour|day|week|month|quarter|year)",
        _rolling,
    ),
    (rf"(?:(?:about|around|roughly) )?(?P<lapse>{LAPSE}) ago", _ago),
    (rf"(?P<date>{_ISO})(?:(?: at |t| )(?P<clock>\d\d:\d\d(?::\d\d)?)z?(?: utc)?)?", _iso),
    (rf"{_NTH} (?P<month>{_MONTH}){_YEAR}", _date),
    (rf"(?P<month>{_MONTH}) {_NTH}{_YEAR}", _date),
    (rf"(?:(?P<part>early|mid|late)[ -])?(?P<month>{_MONTH}){_YEAR}", _in_month),
    (rf"(?:last |this |this past |past )?(?P<day>{_DAY}){_PART}", _weekday),
    (
        (
            r"the (?P<edge>start|beginning|end) of (?P<inner>the (?:week|month|quarter|year)|"
            rf"(?:early |mid |late )?{_MONTH}{_nameless(_YEAR)}|"
            r"(?:this|last) (?:week|month|quarter|year)|20\d\d)"
        ),
        _edge,
    ),
    (r"(?P<year>20\d\d)", _whole_year),
    (r"q(?P<quarter>[1-4])(?: (?P<year>20\d\d))?", _quarter),
)


_ANY = "|".join(_nameless(pattern) for pattern, _ in _NAMED)
_AT = (
    rf"(?:(?P<day>{_ANY})(?: at)? )?"
    r"(?P<clock>\d?\d:\d\d(?: ?[ap]m)?|\d?\d ?[ap]m|noon|midnight)(?: utc)?"
)
_MAKERS = tuple((re.compile(pattern), make) for pattern, make in ((_AT, _clock), *_NAMED))
SPAN = rf"(?:{_nameless(_AT)}|{_ANY})"
