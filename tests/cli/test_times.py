"""Moments as people type them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from typing_extensions import override

from central_config.cli.errors import UsageError
from central_config.cli.times import (
    ago,
    parse_expiry,
    parse_revision_or_time,
    parse_side,
    parse_when,
)
from central_config.core.clock import Clock


class FixedClock(Clock):
    """Noon."""

    @override
    def now(self) -> datetime:
        return datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


NOON = FixedClock()


@pytest.fixture(autouse=True, params=["UTC", "Europe/Berlin"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("42", "42"),
        ("007", "7"),
        ("now", "2026-11-23T12:00:00.000000Z"),
        ("10m ago", "2026-11-23T11:50:00.000000Z"),
        ("10 minutes ago", "2026-11-23T11:50:00.000000Z"),
        ("2H AGO", "2026-11-23T10:00:00.000000Z"),
        ("1 day ago", "2026-11-22T12:00:00.000000Z"),
        ("2w ago", "2026-11-09T12:00:00.000000Z"),
        ("2026-11-23T12:00:00Z", "2026-11-23T12:00:00.000000Z"),
        ("2026-11-23T12:00:00+02:00", "2026-11-23T10:00:00.000000Z"),
    ],
)
def test_revisions_and_moments(text: str, meaning: str) -> None:
    assert parse_when(text, NOON) == meaning


def test_days_are_days_of_this_machine(zone: str) -> None:
    hour = {"UTC": "14", "Europe/Berlin": "13"}[zone]
    assert parse_when("yesterday 14:00", NOON) == f"2026-11-22T{hour}:00:00.000000Z"
    assert parse_when("today at 14:00:30", NOON) == f"2026-11-23T{hour}:00:30.000000Z"


def test_a_day_before_the_clock_change_keeps_its_hour(zone: str) -> None:
    class AfterTheChange(Clock):
        @override
        def now(self) -> datetime:
            return datetime(2026, 10, 25, 12, 0, tzinfo=UTC)

    hour = {"UTC": "14", "Europe/Berlin": "12"}[zone]
    assert parse_when("yesterday 14:00", AfterTheChange()) == f"2026-10-24T{hour}:00:00.000000Z"


@pytest.mark.parametrize(
    "text",
    ["", "soon", "10 ago", "-5", "yesterday 25:00", "2026-11-23T12:00:00", "9" * 30, "\u0664"],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_when(text, NOON)


def test_a_body_holds_revisions_as_numbers() -> None:
    assert parse_revision_or_time("42", NOON) == 42
    assert parse_revision_or_time("now", NOON) == "2026-11-23T12:00:00.000000Z"


def test_sides_of_a_comparison() -> None:
    assert parse_side("prod", NOON) == "prod"
    assert parse_side("prod@7", NOON) == "prod@7"
    assert parse_side("prod@1h ago", NOON) == "prod@2026-11-23T11:00:00.000000Z"
    for text in ("", "@7", "prod@"):
        with pytest.raises(UsageError):
            parse_side(text, NOON)


def test_expiry() -> None:
    assert parse_expiry("90d", NOON) == "2027-02-21T12:00:00.000000Z"
    assert parse_expiry("2027-01-01T00:00:00Z", NOON) == "2027-01-01T00:00:00.000000Z"
    with pytest.raises(UsageError):
        parse_expiry("some day", NOON)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-11-23T11:59:57Z", "3 s ago"),
        ("2026-11-23T11:50:00Z", "10 min ago"),
        ("2026-11-23T09:00:00Z", "3 h ago"),
        ("2026-11-20T09:00:00Z", "3 d ago"),
        (None, ""),
    ],
)
def test_ago(moment: str | None, said: str) -> None:
    assert ago(moment, NOON) == said
