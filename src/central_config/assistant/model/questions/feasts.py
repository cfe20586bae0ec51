"""Days and seasons that everybody knows by name: `before christmas`, `black friday week`."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

from central_config.assistant.model.questions.spans import Maker, Span, midnight, unit_of

_DAY = timedelta(days=1)
_SATURDAY = 5
_THURSDAY = 3
# The first month of each season of three, north of the equator.
_SEASONS = {"winter": 12, "spring": 3, "summer": 6, "autumn": 9, "fall": 9}


def _easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    golden, century = year % 19, year // 100
    skipped = century - century // 4 - (8 * century + 13) // 25
    moon = (19 * golden + skipped + 15) % 30
    moon -= (moon // 28) * (1 - (29 // (moon + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    offset = moon - weekday
    month = 3 + (offset + 40) // 44
    return date(year, month, offset + 28 - 31 * (month // 4))


def _thanksgiving(year: int) -> date:
    """Return the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(_THURSDAY - first.weekday()) % 7 + 21)


# The first day and the number of days; none: the moment in which a year begins.
_Feast = tuple[Callable[[int], date], int]
_FEASTS: dict[str, _Feast] = {
    "christmas": (lambda year: date(year, 12, 24), 3),
    "xmas": (lambda year: date(year, 12, 24), 3),
    "holidays": (lambda year: date(year, 12, 24), 9),
    "christmas eve": (lambda year: date(year, 12, 24), 1),
    "boxing day": (lambda year: date(year, 12, 26), 1),
    "new year eve": (lambda year: date(year, 12, 31), 1),
    "new years eve": (lambda year: date(year, 12, 31), 1),
    "new year day": (lambda year: date(year, 1, 1), 1),
    "new years day": (lambda year: date(year, 1, 1), 1),
    "new year": (lambda year: date(year, 1, 1), 0),
    "new years": (lambda year: date(year, 1, 1), 0),
    "turn of the year": (lambda year: date(year, 1, 1), 0),
    "valentine day": (lambda year: date(year, 2, 14), 1),
    "valentines day": (lambda year: date(year, 2, 14), 1),
    "easter": (lambda year: _easter(year) - 2 * _DAY, 4),
    "halloween": (lambda year: date(year, 10, 31), 1),
    "thanksgiving": (_thanksgiving, 1),
    "black friday": (lambda year: _thanksgiving(year) + _DAY, 1),
    "cyber monday": (lambda year: _thanksgiving(year) + 4 * _DAY, 1),
}
_LONG = {
    "christmas break": "holidays", "christmas holidays": "holidays", "holiday season": "holidays",
    "festive season": "holidays", "christmas season": "holidays", "xmas break": "holidays",
}  # fmt: skip
_NAME = "|".join(sorted((*_FEASTS, *_LONG), key=len, reverse=True))


def _feast(found: re.Match[str], now: datetime) -> Span | None:
    """Return the latest of that name that has begun, or the week or weekend it is in."""
    start, days = _FEASTS[_LONG.get(found["feast"], found["feast"])]
    years = [int(found["year"])] if found["year"] else [now.year, now.year - 1]
    for year in years:
        day = start(year)
        begins = midnight(now).replace(year=day.year, month=day.month, day=day.day)
        if begins <= now:
            return _around(Span(begins, begins + days * _DAY), found["around"])
    return None


def _around(feast: Span, what: str | None) -> Span:
    if what == "week":
        monday = unit_of(feast.start, "week", 0)
        return Span(monday, monday + 7 * _DAY)
    if what == "weekend":
        monday = unit_of(feast.start, "week", 0)
        return Span(min(feast.start, monday + _SATURDAY * _DAY), monday + 7 * _DAY)
    return feast


def _days_of_new_year(_: re.Match[str], now: datetime) -> Span:
    """Return the last day of a year and the first of the next, for what was `over new year`."""
    start = unit_of(now, "year", 0)
    return Span(start - _DAY, start + _DAY)


def _season(found: re.Match[str], now: datetime) -> Span | None:
    """Return the latest season of that name: one that is over if it was the last one."""
    month = _SEASONS[found["season"]]
    said = found.groupdict()
    for year in [int(said["year"])] if said.get("year") else [now.year, now.year - 1]:
        start = midnight(now).replace(year=year, month=month, day=1)
        end = unit_of(start, "month", 3)
        if start <= now and (said.get("which") != "last" or end <= now):
            return Span(start, end)
    return None


_SEASON = "|".join(_SEASONS)
# `the spring` may be a framework and `fall` what something does back: alone they are no time.
FEASTS: tuple[tuple[str, Maker], ...] = (
    (
        (
            rf"(?:the |last |this )?(?P<feast>{_NAME})(?: (?P<around>week|weekend))?"
            r"(?:(?: of)? (?P<year>20\d\d))?"
        ),
        _feast,
    ),
    (r"(?:the )?new years?", _days_of_new_year),
    (rf"(?P<which>last|this|this past) (?P<season>{_SEASON})", _season),
    (rf"(?P<season>{_SEASON})(?: of)? (?P<year>20\d\d)", _season),
)
