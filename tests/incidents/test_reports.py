"""The two reports are the runbook's, to the letter, and hold nothing nobody recorded."""

from datetime import UTC, date, datetime, timedelta

import pytest

from central_config.incidents.model.incidents import Action, Contact, Incident, Told
from central_config.incidents.model.reports import duration, initial_report, resolution_report

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
FULL = Incident(
    id="INC-2026-1123-001",
    severity="P0",
    status="resolved",
    title="API down",
    situation="Rolled back, error rate falls",
    services=("API", "worker"),
    customers="about 400",
    revenue="none",
    contact=Contact("Ada Lovelace", "+254 700 000 000", "ada@example.org"),
    detected_at=AT,
    opened_at=AT + timedelta(minutes=1),
    opened_by="ada",
    acknowledged_at=AT + timedelta(minutes=4),
    acknowledged_by="ada",
    resolved_at=AT + timedelta(hours=1, minutes=5),
    next_update_at=AT + timedelta(minutes=30),
    summary="The API refused all reads.",
    root_cause="A release without its migration.",
    resolution="Rolled back to 1.4.",
    prevention="The pipeline compares the schema.",
    lessons="Nobody looked at staging.",
)
BARE = Incident(
    id="INC-2026-1123-002",
    severity="P3",
    status="investigating",
    title="Typo",
    detected_at=AT,
    opened_at=AT,
    opened_by="ada",
)

INITIAL = """\
Subject: [INCIDENT] Central Configuration - P0 - API down

Incident ID: INC-2026-1123-001
Severity: P0
Status: Resolved

IMPACT:
- Services affected: API, worker
- Customers affected: about 400
- Revenue impact: none

TIMELINE:
- Detection time: 2026-11-23T03:00:00Z
- Response time: 2026-11-23T03:04:00Z
- Current duration: 1 h 5 min

CURRENT STATUS:
Rolled back, error rate falls

NEXT UPDATE: 2026-11-23T03:30:00Z

Point of Contact: Ada Lovelace - +254 700 000 000 - ada@example.org
"""
RESOLUTION = """\
Subject: [RESOLVED] Central Configuration - INC-2026-1123-001

SUMMARY:
The API refused all reads.

ROOT CAUSE:
A release without its migration.

IMPACT:
- Duration: 2026-11-23T03:00:00Z to 2026-11-23T04:05:00Z (1 h 5 min)
- Services affected: API, worker
- Customers affected: about 400

RESOLUTION:
Rolled back to 1.4.

PREVENTION:
The pipeline compares the schema.
- [x] Compare in CI - Owner: ada - Due: 2026-12-01
- [ ] Write it down - Owner: not recorded - Due: not recorded

LESSONS LEARNED:
Nobody looked at staging.
"""


def test_reports_of_what_is_recorded() -> None:
    actions = [
        Action(FULL.id, 1, "Compare in CI", "ada", date(2026, 12, 1), AT),
        Action(FULL.id, 2, "Write it down"),
    ]
    told = Told(FULL, [], actions)
    assert initial_report(told, AT + timedelta(days=9)) == INITIAL
    assert resolution_report(told) == RESOLUTION


def test_what_is_missing_is_said() -> None:
    told = Told(BARE, [], [])
    initial = initial_report(told, AT + timedelta(minutes=2))
    assert initial.count("not recorded") == 9
    assert "Point of Contact: not recorded - not recorded - not recorded" in initial
    assert "- Current duration: 2 min" in initial
    # Of a report all that is known is its summary: the title.
    assert resolution_report(told).count("not recorded") == 10


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=59.9), "59 s"),
        (timedelta(minutes=60), "1 h"),
        (timedelta(days=2, minutes=3), "2 d 3 min"),
        (timedelta(seconds=-5), "0 s"),
    ],
)
def test_durations(span: timedelta, words: str) -> None:
    assert duration(span) == words
