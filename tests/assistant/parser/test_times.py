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
        ("after 5pm yesterday", "2026-11-17T17:00", None),
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
        ("after friday and before monday", "2026-11-14", "2026-11-16"),
        ("today between 9:00 and 10:30", "2026-11-18T09:00", "2026-11-18T10:30"),
        ("in the first week of october", "2026-10-01", "2026-10-08"),
        ("in the second week of october", "2026-10-08", "2026-10-15"),
        ("in the last week of october", "2026-10-25", "2026-11-01"),
        ("in the first three days of november", "2026-11-01", "2026-11-04"),
        ("in the second half of january", "2026-01-16", "2026-02-01"),
        ("in the first half of this year", "2026-01-01", "2026-07-01"),
        ("in the second half of 2025", "2025-07-01", "2026-01-01"),
        ("in the third quarter of 2025", "2025-07-01", "2025-10-01"),
        ("in q4 last year", "2025-10-01", "2026-01-01"),
        ("in q4 of last year", "2025-10-01", "2026-01-01"),
        ("at the beginning of october", "2026-10-01", "2026-10-11"),
        ("towards the end of october", "2026-10-21", "2026-11-01"),
        ("in mid-october", "2026-10-11", "2026-10-21"),
        ("late last month", "2026-10-21", "2026-11-01"),
        ("earlier this week", "2026-11-16", None),
        ("in the last fortnight", "2026-11-04T15:30", None),
        ("over the weekend", "2026-11-14", "2026-11-16"),
        ("in the first quarter", "2026-01-01", "2026-04-01"),
        ("in the fourth quarter of last year", "2025-10-01", "2026-01-01"),
        ("so far this year", "2026-01-01", None),
        ("since the end of october", "2026-11-01", None),
        ("the week before last", "2026-11-02", "2026-11-09"),
        ("in the month before last", "2026-09-01", "2026-10-01"),
        ("in the week of october 14", "2026-10-12", "2026-10-19"),
        ("on tuesday of last week", "2026-11-10", "2026-11-11"),
        ("thursday last week", "2026-11-12", "2026-11-13"),
        ("a few days ago", "2026-11-15", "2026-11-16"),
        ("a couple of weeks back", "2026-11-04", "2026-11-05"),
        ("in these last few days", "2026-11-15T15:30", None),
        ("on the 5th", "2026-11-05", "2026-11-06"),
        ("since the 30th", "2026-10-30", None),
        ("between the 2nd and the 11th", "2026-11-02", "2026-11-12"),
        ("between the 2nd and the 11th of march", "2026-03-02", "2026-03-12"),
        ("from 2 to 11 march", "2026-03-02", "2026-03-12"),
        ("between march 2 and 11", "2026-03-02", "2026-03-12"),
        ("24-30 november 2025", "2025-11-24", "2025-12-01"),
        ("from 15 to 20 november", "2026-11-15", None),
        ("in november last year", "2025-11-01", "2025-12-01"),
        ("last november", "2025-11-01", "2025-12-01"),
        ("last october", "2026-10-01", "2026-11-01"),
        ("around the 15th of october", "2026-10-11", "2026-10-20"),
        ("since we met on friday, 13 november", "2026-11-13", "2026-11-14"),
    ],
)
def test_a_time_is_worked_out(words: str, since: str | None, until: str | None) -> None:
    assert mentioned(f"what changed {words}?", NOW) == Period(_at(since), _at(until))


@pytest.mark.parametrize(
    ("words", "since", "until"),
    [
        ("before christmas", None, "2025-12-24"),
        ("at christmas", "2025-12-24", "2025-12-27"),
        ("around christmas", "2025-12-14", "2026-01-06"),
        ("on christmas eve", "2025-12-24", "2025-12-25"),
        ("in the week before christmas", "2025-12-17", "2025-12-24"),
        ("in the run-up to christmas", "2025-12-10", "2025-12-24"),
        ("in the days before christmas", "2025-12-17", "2025-12-24"),
        ("over the holidays", "2025-12-24", "2026-01-02"),
        ("over the christmas break", "2025-12-24", "2026-01-02"),
        ("between christmas and new year", "2025-12-24", "2026-01-01"),
        ("since new year", "2026-01-01", None),
        ("since the new year", "2026-01-01", None),
        ("before new year", None, "2026-01-01"),
        ("over new year", "2025-12-31", "2026-01-02"),
        ("on new year's eve", "2025-12-31", "2026-01-01"),
        ("on new year's day", "2026-01-01", "2026-01-02"),
        ("on black friday", "2025-11-28", "2025-11-29"),
        ("on black friday itself, 28 November 2025", "2025-11-28", "2025-11-29"),
        ("in black friday week", "2025-11-24", "2025-12-01"),
        ("over the black friday weekend", "2025-11-28", "2025-12-01"),
        ("on cyber monday", "2025-12-01", "2025-12-02"),
        ("over easter", "2026-04-03", "2026-04-07"),
        ("at easter 2024", "2024-03-29", "2024-04-02"),
        ("on halloween", "2026-10-31", "2026-11-01"),
        ("after valentine's day", "2026-02-15", None),
        ("last winter", "2025-12-01", "2026-03-01"),
        ("last summer", "2026-06-01", "2026-09-01"),
        ("this autumn", "2026-09-01", None),
        ("last autumn", "2025-09-01", "2025-12-01"),
        ("in winter 2024", "2024-12-01", "2025-03-01"),
    ],
)
def test_a_feast_or_a_season_is_known_by_its_name(
    words: str, since: str | None, until: str | None
) -> None:
    assert mentioned(f"what changed {words}?", NOW) == Period(_at(since), _at(until))


@pytest.mark.parametrize(
    ("now", "easter"),
    [("2000-05-01", "2000-04-23"), ("2025-05-01", "2025-04-20"), ("2038-05-01", "2038-04-25")],
)
def test_easter_is_worked_out(now: str, easter: str) -> None:
    since = datetime.fromisoformat(easter).replace(tzinfo=UTC) - timedelta(days=2)
    assert mentioned("since easter", datetime.fromisoformat(now).replace(tzinfo=UTC)) == Period(
        since
    )


@pytest.mark.parametrize(
    "words",
    [
        "",
        "for christmas banner",
        "of the spring framework",
        "in the fall back",
        "after monday and before wednesday",
        "last week and this week",
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
