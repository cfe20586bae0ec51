"""Times that people speak of, as moments: `last week`, `since monday`, `between 1 and 5 October`.

A span is a stretch of time with a beginning and an end; a clause says what a question wants of it:
all of it (`in October`), what came after its beginning (`since October`) or before it.
"""

import functools
import re
from collections.abc import Iterator
from datetime import datetime

import msgspec

from central_config.assistant.model.questions.spans import LAPSE, SPAN, Span, lapse, span
from central_config.assistant.model.questions.text import Text, read

_CLAUSE = (
    rf"(?<!\d )(?:(?:at any time |some ?time |any ?time )?(?:"
    rf"between (?P<left>{SPAN}) and (?P<right>{SPAN})"
    rf"|from (?P<from>{SPAN}) (?:to|until|till|through|up to) (?P<to>{SPAN})"
    rf"|(?:ever )?since (?P<since>{SPAN})"
    rf"|(?:starting |beginning )?(?:as of|from|on|in) (?P<onwards>{SPAN}) (?:on|onwards?|or later)"
    rf"|(?:starting|beginning) (?:from|on|in|with)? (?P<starting>{SPAN})"
    rf"|after (?P<after>{SPAN})"
    rf"|(?:more than|over|longer than|older than) (?P<over>{LAPSE})(?: ago| old)"
    rf"|(?:less than|under|no more than) (?P<under>{LAPSE})(?: ago| old)"
    rf"|(?:earlier than|prior to|before|older than|until|till) (?P<before>{SPAN})"
    rf"|(?:up to|through|up until|no later than)(?: and including)? (?P<through>{SPAN})"
    rf"|(?P<role>on|in|during|at|over|within|for|of|from|throughout|around)? ?(?P<in>{SPAN})"
    rf"))(?= |$)"
)
# What is a time only beside a preposition: `may I see`, `march`, `the sun`, `port 2025`.
_NOT_ALONE = re.compile(r"may|mar|march|sat|sun|mon|wed|second|20\d\d|noon|midnight")


@functools.cache
def _clause() -> re.Pattern[str]:
    """Compile the pattern at the first question: it takes a third of a second."""
    return re.compile(_CLAUSE)


class Period(msgspec.Struct, frozen=True):
    """Moments in UTC: `since` <= published < `until`, either may be open."""

    since: datetime | None = None
    until: datetime | None = None


def clauses(text: Text, now: datetime) -> Iterator[tuple[int, int, Period, str]]:
    """Yield where each time clause starts and ends, its period, and its words."""
    clause = _clause()
    for start in text.starts:
        found = clause.match(text.lower, start)
        period = found and _period(found, now)
        if found and period:
            yield start, found.end(), period, found[0]


def mentioned(question: str, now: datetime) -> Period | None:
    """Return the period a question speaks of; None if it speaks of none or of several."""
    text = read(question)
    periods: list[Period] = []
    past = 0
    for start, end, period, _ in clauses(text, now):
        if start >= past:
            periods.append(period)
            past = end
    return _both(periods)


def _both(periods: list[Period]) -> Period | None:
    """Return what is in all of them (`after Monday and before Friday`)."""
    if not periods:
        return None
    since = [one.since for one in periods if one.since]
    until = [one.until for one in periods if one.until]
    if len(since) > 1 or len(until) > 1:
        return None
    return Period(next(iter(since), None), next(iter(until), None))


def _period(found: re.Match[str], now: datetime) -> Period | None:
    said = {name: words for name, words in found.groupdict().items() if words and name != "role"}
    if "over" in said:
        return Period(until=now - lapse(said["over"]))
    if "under" in said:
        return Period(since=now - lapse(said["under"]))
    if "in" in said and not found["role"] and _NOT_ALONE.fullmatch(said["in"]):
        return None
    spans = {name: span(words, now) for name, words in said.items()}
    known = {name: one for name, one in spans.items() if one is not None}
    if len(known) < len(spans):
        return None
    if len(known) > 1:
        first, last = known.values()
        return Period(first.start, last.end) if first.start < last.end else None
    (name, only), *_ = known.items()
    return _single(name, only, now)


def _single(name: str, only: Span, now: datetime) -> Period | None:
    if name in {"since", "onwards", "starting"}:
        return Period(since=only.start)
    if name == "after":
        return Period(since=only.end if only.end < now else only.start)
    if name == "before":
        return Period(until=only.start)
    if name == "through":
        return Period(until=only.end)
    if only.start == only.end:  # a moment: nothing happens just then
        return None
    return Period(only.start, None if only.end > now else only.end)
