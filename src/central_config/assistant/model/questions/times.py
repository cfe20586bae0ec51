"""Times that people speak of, as moments: `last week`, `since monday`, `between 1 and 5 October`.

A span is a stretch of time with a beginning and an end; a clause says what a question wants of it:
all of it (`in October`), what came after its beginning (`since October`) or before it.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import msgspec

from central_config.assistant.model.questions.parts import spans
from central_config.assistant.model.questions.spans import LAPSE, Span, lapse
from central_config.assistant.model.questions.text import Text, read


class Period(msgspec.Struct, frozen=True):
    """Moments in UTC: `since` <= published < `until`, either may be open."""

    since: datetime | None = None
    until: datetime | None = None


_Made = Callable[[Span, datetime], Period | None]
# People who say `around` are off by some days, by more if what they name is no day.
_ABOUT = timedelta(days=4)
_ABOUT_LONGER = timedelta(days=10)
_DAY = timedelta(days=1)


def _since(one: Span, _: datetime) -> Period:
    return Period(since=one.start)


def _after(one: Span, now: datetime) -> Period:
    return Period(since=one.end if one.end < now else one.start)


def _before(one: Span, _: datetime) -> Period:
    return Period(until=one.start)


def _through(one: Span, _: datetime) -> Period:
    return Period(until=one.end)


def _within(one: Span, now: datetime) -> Period | None:
    if one.start == one.end:  # a moment: nothing happens just then
        return None
    return Period(one.start, None if one.end > now else one.end)


def _about(one: Span, now: datetime) -> Period | None:
    off = _ABOUT if one.end - one.start == _DAY else _ABOUT_LONGER
    return _within(Span(one.start - off, one.end + off), now)


# What stands before a span, and what it makes of it. A feast may be part of a name (`christmas
# banner`): `for` and `of` do not make a time of it.
_SINGLE: tuple[tuple[str, _Made], ...] = (
    (r"(?:ever )?since ", _since),
    (r"(?:starting|beginning) (?:from |on |in |with )?", _since),
    (r"after ", _after),
    (r"(?:earlier than|prior to|before|older than|until|till) ", _before),
    (r"(?:up to|through|up until|no later than)(?: and including)? ", _through),
    (r"(?:just )?around ", _about),
    (r"(?:on|in|during|at|over|within|for|of|from|throughout) ", _within),
    (r"", _within),
)
_ONWARDS = re.compile(r"(?:(?:starting |beginning )?(?:as of|from|on|in) )")
_LATER = re.compile(r" (?:on|onwards?|or later)(?= |$)")
_PAIRS = tuple(
    (re.compile(lead), re.compile(joint))
    for lead, joint in (
        (r"between ", r" and "),
        (r"from ", r" (?:to|until|till|through|up to) "),
    )
)
_LAPSES = (
    re.compile(rf"(?:more than|over|longer than|older than) (?P<over>{LAPSE})(?: ago| old)(?= |$)"),
    re.compile(rf"(?:less than|under|no more than) (?P<under>{LAPSE})(?: ago| old)(?= |$)"),
)
_LEADS = tuple((re.compile(lead), make) for lead, make in _SINGLE)
_SOME_TIME = re.compile(r"(?:at any time|some ?time|any ?time) ")
# `between 2 and 11 march` is one span, its days are not two.
_BETWEEN = re.compile(r"(?:between|from) (?=(?:the )?\d|[a-z]{3,9} \d)")
# `on black friday itself`
_ITSELF = re.compile(r" itself(?= |$)")
# What is a time only beside a preposition: `may I see`, `march`, `the sun`, `port 2025`.
_NOT_ALONE = re.compile(
    r"may|mar|march|sat|sun|mon|wed|second|20\d\d|noon|midnight"
    r"|the weekend|(?:the )?(?:christmas|xmas|easter|halloween|thanksgiving|holidays|new years?)"
    r"|the \d+(?:st|nd|rd|th)"
)
_NO_TIMES = frozenset(("for ", "of ", "from ", ""))


def clauses(text: Text, now: datetime) -> Iterator[tuple[int, int, Period, str]]:
    """Yield where each time clause starts and ends, its period, and its words."""
    for start in text.starts:
        if re.search(r"\d $", text.lower[max(start - 2, 0) : start]):
            continue
        some = _SOME_TIME.match(text.lower, start)
        found = _clause(text.lower, some.end() if some else start, now)
        if found is not None:
            end, period = found
            itself = _ITSELF.match(text.lower, end)
            end = itself.end() if itself else end
            yield start, end, period, text.lower[start:end]


def mentioned(question: str, now: datetime) -> Period | None:
    """Return the period a question speaks of; None if it speaks of none or of several."""
    text = read(question)
    periods: list[Period] = []
    past = 0
    for start, end, period, _ in clauses(text, now):
        if start >= past:
            periods.append(period)
            past = end
    return common(periods)


def common(periods: list[Period]) -> Period | None:
    """Return what several times mean together, if they do.

    One says since when and one until when, or one is a part of all others (`on black friday,
    28 November`, `today between 9:00 and 10:00`).
    """
    for one in periods:
        if one.since and one.until and all(_holds(other, one) for other in periods):
            return one
    since = [one.since for one in periods if one.since]
    until = [one.until for one in periods if one.until]
    if not periods or len(since) > 1 or len(until) > 1:
        return None
    both = Period(next(iter(since), None), next(iter(until), None))
    return None if both.since and both.until and both.since >= both.until else both


def _holds(whole: Period, part: Period) -> bool:
    """Return whether a stretch with two ends lies within another."""
    begun = whole.since is None or (part.since is not None and whole.since <= part.since)
    return begun and (whole.until is None or (part.until or whole.until) <= whole.until)


def _clause(text: str, start: int, now: datetime) -> tuple[int, Period] | None:
    """Return where the time ends that is spoken of from `start` on, and its period."""
    for offered in (_days, _pair, _onwards, _lapse, _single):
        found = offered(text, start, now)
        if found is not None:
            return found
    return None


def _pair(text: str, start: int, now: datetime) -> tuple[int, Period] | None:
    for lead, joint in _PAIRS:
        begun = lead.match(text, start)
        for end, first in spans(text, begun.end(), now) if begun else ():
            joined = joint.match(text, end)
            for after, last in spans(text, joined.end(), now) if joined else ():
                # Until a moment (`new year`), or until the end of a day or month.
                if first.start < last.end:
                    return after, Period(first.start, last.end)
    return None


def _days(text: str, start: int, now: datetime) -> tuple[int, Period] | None:
    """Return `between the 2nd and the 11th of march`: a span by itself."""
    lead = _BETWEEN.match(text, start)
    for end, one in spans(text, lead.end(), now) if lead else ():
        if one.end - one.start > _DAY and re.search(r"\d", text[start:end]):
            period = _within(one, now)
            return (end, period) if period else None
    return None


def _onwards(text: str, start: int, now: datetime) -> tuple[int, Period] | None:
    lead = _ONWARDS.match(text, start)
    for end, one in spans(text, lead.end(), now) if lead else ():
        later = _LATER.match(text, end)
        if later:
            return later.end(), Period(since=one.start)
    return None


def _lapse(text: str, start: int, now: datetime) -> tuple[int, Period] | None:
    for pattern in _LAPSES:
        found = pattern.match(text, start)
        said = found.groupdict() if found else {}
        if found and "over" in said:
            return found.end(), Period(until=now - lapse(said["over"]))
        if found:
            return found.end(), Period(since=now - lapse(said["under"]))
    return None


def _single(text: str, start: int, now: datetime) -> tuple[int, Period] | None:
    for lead, make in _LEADS:
        found = lead.match(text, start)
        for end, one in spans(text, found.end(), now) if found else ():
            if found and found[0] in _NO_TIMES and _NOT_ALONE.fullmatch(text, found.end(), end):
                continue
            period = make(one, now)
            if period is not None:
                return end, period
    return None
