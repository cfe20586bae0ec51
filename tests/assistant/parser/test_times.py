"""Times that people speak of, seen from a Wednesday afternoon in November."""

from datetime import UTC, datetime, timedelta

import pytest

from central_config.assistant.model.questions.spans import lapse
from central_config.assistant.model.questions.times import Period, mentioned
from tests.assistant.parser.tenants import NOW


def _at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


@pytest.mark.parametrize(
    ("words", "since", "until"),
    [
        ("today", "2026-11-18", None),
        ("yesterday", "2026-11-17", "2026-11-18"),
        ("the day before yesterday", "2026-11-16", "2026-11-17"),
        ("this morning", "2026-11-18", "2026-11-18T12:00"),
        ("yesterday evening", "2026-11-17T18:00", "2026-11-18"),
        ("last night", "2026-11-17T18:00", "2026-11-18T06:00"),
        ("since yesterday 14:00", "2026-11-17T14:00", None),
        ("since 9am", "2026-11-18T09:00", None),
        ("between 10:00 and 12:00", "2026-11-18T10:00", "2026-11-18T12:00"),
        ("last week", "2026-11-09", "2026-11-16"),
        ("this week", "2026-11-16", None),
        ("in the last week", "2026-11-11T15:30", None),
        ("in the past 3 days", "2026-11-15T15:30", None),
        ("over the last 24 hours", "2026-11-17T15:30", None),
        ("past two weeks", "2026-11-04T15:30", None),
        ("within the last hour", "2026-11-18T14:30", None),
        ("3 days ago", "2026-11-15", "2026-11-16"),
        ("a week ago", "2026-11-11", "2026-11-12"),
        ("since 2 hours ago", "2026-11-18T13:30", None),
        ("more than 6 months ago", None, "2026-05-22T15:30"),
        ("less than 2 hours ago", "2026-11-18T13:30", None),
        ("since monday", "2026-11-16", None),
        ("on monday", "2026-11-16", "2026-11-17"),
        ("on wednesday", "2026-11-11", "2026-11-12"),
        ("last friday", "2026-11-13", "2026-11-14"),
        ("on friday morning", "2026-11-13", "2026-11-13T12:00"),
        ("last weekend", "2026-11-14", "2026-11-16"),
        ("between monday and tuesday", "2026-11-16", "2026-11-18"),
        ("in october", "2026-10-01", "2026-11-01"),
        ("in december", "2025-12-01", "2026-01-01"),
        ("in october 2025", "2025-10-01", "2025-11-01"),
        ("in early october", "2026-10-01", "2026-10-11"),
        ("since march", "2026-03-01", None),
        ("before march", None, "2026-03-01"),
        ("after october", "2026-11-01", None),
        ("last month", "2026-10-01", "2026-11-01"),
        ("this quarter", "2026-10-01", None),
        ("in q3", "2026-07-01", "2026-10-01"),
        ("this year", "2026-01-01", None),
        ("in 2025", "2025-01-01", "2026-01-01"),
        ("since the start of november", "2026-11-01", None),
        ("since the beginning of the year", "2026-01-01", None),
        ("on 5 October", "2026-10-05", "2026-10-06"),
        ("on the 5th of october", "2026-10-05", "2026-10-06"),
        ("since Oct 5th, 2025", "2025-10-05", None),
        ("from october 1 to october 5", "2026-10-01", "2026-10-06"),
        ("between 2026-10-01 and 2026-10-15", "2026-10-01", "2026-10-16"),
        ("since 2026-10-01T12:00", "2026-10-01T12:00", None),
        ("on 2026-10-01", "2026-10-01", "2026-10-02"),
        ("after 2026-10-01", "2026-10-02", None),
        ("until 2026-10-01", None, "2026-10-01"),
        ("up to and including 2026-10-01", None, "2026-10-02"),
        ("starting from 2026-10-01", "2026-10-01", None),
        ("from monday onwards", "2026-11-16", None),
        ("after monday and before wednesday", "2026-11-17", "2026-11-11"),
    ],
)
def test_a_time_is_worked_out(words: str, since: str | None, until: str | None) -> None:
    assert mentioned(f"what changed {words}?", NOW) == Period(_at(since), _at(until))


@pytest.mark.parametrize(
    "words",
    [
        "",
        "in prod",
        "who may change port 2025",
        "march",
        "since alice left",
        "on 31 february",
        "on 2026-13-40",
        "between october and september",
        "in the last 99999999 days",
        "since monday and since tuesday",
    ],
)
def test_what_is_no_time_is_not_made_one(words: str) -> None:
    assert mentioned(f"what changed {words}", NOW) is None


@pytest.mark.parametrize(
    ("words", "days"),
    [("3 days", 3), ("a week", 7), ("90d", 90), ("half a year", 182.5), ("two months", 60)],
)
def test_a_lapse_is_counted_in_days(words: str, days: float) -> None:
    assert lapse(words) == timedelta(days=days)


@pytest.mark.parametrize("words", ["", "some days", "3 lightyears"])
def test_what_is_no_lapse_is_refused(words: str) -> None:
    with pytest.raises(ValueError):
        lapse(words)
