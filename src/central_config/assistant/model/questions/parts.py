"""Stretches that are named by others: `the first week of march`, `early last month`, `9am today`.

`spans` is where all names of times come together.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from central_config.assistant.model.questions.feasts import FEASTS
from central_config.assistant.model.questions.spans import (
    DAYS,
    LAPSE,
    NAMED,
    Maker,
    Span,
    lapse,
    midnight,
    unit_of,
)

_DAY = timedelta(days=1)
_NOON = 12
_DEEPEST = 2
_ORDINALS = {
    "first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3,
    "final": -1, "last": -1,
}  # fmt: skip
_ORDINAL = f"(?P<nth>{'|'.join(_ORDINALS)})"

_Made = Callable[[re.Match[str], Span, datetime], Span | None]


def _edge(found: re.Match[str], inner: Span, _: datetime) -> Span:
    """Return the moment in which a stretch begins or ends: `since the start of march`."""
    moment = inner.end if found["edge"] == "end" else inner.start
    return Span(moment, moment)


def _third(found: re.Match[str], inner: Span, _: datetime) -> Span:
    """Return the first, second or last third of a stretch, in whole days: ten of a month."""
    days = (inner.end - inner.start) // _DAY
    third = max(days // 3, 1)
    part = found["edge"]
    if part in {"early", "start", "beginning"}:
        return Span(inner.start, inner.start + third * _DAY)
    if part in {"late", "end"}:
        return Span(inner.start + 2 * third * _DAY, inner.end)
    return Span(inner.start + third * _DAY, inner.start + 2 * third * _DAY)


def _half(found: re.Match[str], inner: Span, _: datetime) -> Span:
    if (inner.end - inner.start) > 100 * _DAY:
        middle = unit_of(inner.start, "month", 6)
    else:
        middle = inner.start + (inner.end - inner.start) // _DAY // 2 * _DAY
    first = _ORDINALS[found["nth"]] == 0
    return Span(inner.start, middle) if first else Span(middle, inner.end)


def _week_of(found: re.Match[str], inner: Span, _: datetime) -> Span | None:
    """Return seven days of a month: the first week of march is its first seven."""
    place = _ORDINALS[found["nth"]]
    if place < 0:
        return Span(inner.end - 7 * _DAY, inner.end)
    start = inner.start + 7 * place * _DAY
    return Span(start, min(start + 7 * _DAY, inner.end)) if start < inner.end else None


def _days_of(found: re.Match[str], inner: Span, _: datetime) -> Span:
    """Return so many first or last days of a stretch."""
    long = lapse(found["lapse"])
    if _ORDINALS[found["nth"]] == 0:
        return Span(inner.start, min(inner.start + long, inner.end))
    return Span(max(inner.end - long, inner.start), inner.end)


def _quarter_of(found: re.Match[str], inner: Span, _: datetime) -> Span | None:
    if (inner.end - inner.start) < 300 * _DAY:
        return None
    place = _ORDINALS[found["nth"]] % 4
    start = unit_of(inner.start, "month", 3 * place)
    return Span(start, unit_of(start, "month", 3))


def _beside(found: re.Match[str], inner: Span, _: datetime) -> Span:
    """Return the day, week or month before or after something: `the week before christmas`."""
    long = lapse(found["lapse"] or f"1 {found['unit']}")
    if found["side"] in {"after", "following"}:
        return Span(inner.end, inner.end + long)
    return Span(inner.start - long, inner.start)


def _run_up(found: re.Match[str], inner: Span, _: datetime) -> Span:
    """Return the days or weeks that lead to something: one week, or two."""
    return Span(inner.start - (7 if found["unit"] == "days" else 14) * _DAY, inner.start)


def _same_week(_: re.Match[str], inner: Span, __: datetime) -> Span | None:
    """Return the week that a day is in, from Monday on."""
    monday = unit_of(inner.start, "week", 0)
    return Span(monday, monday + 7 * _DAY) if inner.end - inner.start <= _DAY else None


def _day_of_week(found: re.Match[str], inner: Span, _: datetime) -> Span | None:
    if inner.end - inner.start != 7 * _DAY:
        return None
    place = next(number for number, name in enumerate(DAYS) if name.startswith(found["day"][:3]))
    start = inner.start + place * _DAY
    return Span(start, start + _DAY)


def _same(_: re.Match[str], inner: Span, __: datetime) -> Span:
    return inner


def _present(found: re.Match[str], now: datetime) -> Span:
    """Return this week, month or year, if nothing is said of which: `the start of the year`."""
    return Span(unit_of(now, found["unit"], 0), unit_of(now, found["unit"], 1))


def _clock(found: re.Match[str], now: datetime) -> Span | None:
    """Return the moment of a clock on a day, today unless one is named beside it."""
    said = {"noon": "12:00", "midnight": "0:00"}.get(found["clock"], found["clock"])
    hour, _, minute = said.rstrip("apm ").partition(":")
    late = 12 if said.endswith("pm") and int(hour) < _NOON else 0
    moment = midnight(now) + timedelta(hours=int(hour) + late, minutes=int(minute or 0))
    return Span(moment, moment)


# What stands before the name of a stretch and makes another of it; the first that is a stretch,
# or a moment where one is wanted, counts.
_EDGES = "(?P<edge>start|beginning|middle|end)"
_COMPOUND: tuple[tuple[str, _Made], ...] = (
    (r"(?:the )?(?P<edge>start|beginning|end) of ", _edge),
    (rf"(?:the )?{_EDGES} of ", _third),
    (r"(?P<edge>early|mid|late)(?:[ -]| in )", _third),
    (r"(?:earlier|later|already|so far) ", _same),
    (rf"(?:the )?{_ORDINAL} half of ", _half),
    (rf"(?:the )?{_ORDINAL} week (?:of|in) ", _week_of),
    (rf"(?:the )?{_ORDINAL} quarter (?:of|in) ", _quarter_of),
    (rf"(?:the )?{_ORDINAL} (?P<lapse>{LAPSE}) (?:of|in) ", _days_of),
    (
        (
            rf"(?:(?P<lapse>{LAPSE})|the (?P<unit>day|week|month)) "
            r"(?P<side>before|after|following|leading up to) "
        ),
        _beside,
    ),
    (
        r"the (?:run[- ]?up to|(?P<unit>days|weeks) (?:before|leading up to)) ",
        _run_up,
    ),
    (r"the week (?:of|around|with) ", _same_week),
    (r"(?P<day>(?:mon|tues|wednes|thurs|fri|satur|sun)day)(?: of| in)? ", _day_of_week),
)
_WHOLE: tuple[tuple[str, Maker], ...] = ((r"the (?P<unit>week|month|quarter|year)", _present),)
_CLOCK = r"(?P<clock>\d?\d:\d\d(?: ?[ap]m)?|\d?\d ?[ap]m|noon|midnight)(?: utc)?(?= |$)"
_ALONE = re.compile(_CLOCK)
_AFTER_DAY = re.compile(rf" (?:at )?{_CLOCK}")
_ON = re.compile(r" (?:on )?")
_NAMED = tuple((re.compile(rf"(?:{pattern})(?= |$)"), make) for pattern, make in (*NAMED, *FEASTS))
_NAMED_INSIDE = (
    *_NAMED,
    *((re.compile(rf"{pattern}(?= |$)"), make) for pattern, make in _WHOLE),
)
_PREFIXES = tuple((re.compile(pattern), make) for pattern, make in _COMPOUND)


def spans(text: str, start: int, now: datetime, depth: int = 0) -> list[tuple[int, Span]]:
    """Return where each stretch ends that may be named from `start` on, the longest name first.

    Of those whose names are equally long a moment comes before a stretch.
    """
    found = [*_named(text, start, now, inside=depth > 0)]
    if depth < _DEEPEST:
        found += _compound(text, start, now, depth)
    begun = [(end, span) for end, span in found if span.start <= now]
    return sorted(begun, key=_end, reverse=True)


def _end(found: tuple[int, Span]) -> int:
    return found[0]


def _named(text: str, start: int, now: datetime, *, inside: bool) -> Iterator[tuple[int, Span]]:
    clock = _ALONE.match(text, start)
    if clock:
        yield from _made(_clock, clock, now)
        yield from _clock_on_day(clock, text, now)
    for pattern, make in _NAMED_INSIDE if inside else _NAMED:
        found = pattern.match(text, start)
        if found:
            for end, span in _made(make, found, now):
                yield end, span
                later = _AFTER_DAY.match(text, end)
                if later:
                    yield from _made(_clock, later, span.start)


def _clock_on_day(clock: re.Match[str], text: str, now: datetime) -> Iterator[tuple[int, Span]]:
    """Yield the moments of a clock whose day is named behind it: `5pm yesterday`."""
    on = _ON.match(text, clock.end())
    for pattern, make in _NAMED if on else ():
        found = pattern.match(text, on.end() if on else 0)
        for end, day in _made(make, found, now) if found else ():
            if day.end - day.start == _DAY:
                yield from ((end, moment) for _, moment in _made(_clock, clock, day.start))


def _made(make: Maker, found: re.Match[str], now: datetime) -> Iterator[tuple[int, Span]]:
    """Yield what a name stands for, if there is such a day: none is the 31st of February."""
    try:
        span = make(found, now)
    except (ValueError, OverflowError):
        return
    if span is not None:
        yield found.end(), span


def _compound(text: str, start: int, now: datetime, depth: int) -> Iterator[tuple[int, Span]]:
    for pattern, make in _PREFIXES:
        found = pattern.match(text, start)
        if found:
            for end, inner in spans(text, found.end(), now, depth + 1):
                span = make(found, inner, now) if inner.start < inner.end else None
                if span is not None:
                    yield end, span
