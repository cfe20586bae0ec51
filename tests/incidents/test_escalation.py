"""Who is told of an incident as time passes: the runbook's matrix, each role once."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from central_config.core.problems import Problem
from central_config.core.settings import Settings
from central_config.incidents.model.escalation import Step
from central_config.incidents.service.escalation import Escalation
from central_config.incidents.service.incidents import New
from tests.incidents.conftest import Desk

pytestmark = pytest.mark.anyio

MATRIX = [
    (0, "On-call engineer", "any"),
    (15, "Team lead", "any"),
    (30, "Engineering manager", "critical"),
    (60, "Director of engineering", "widespread"),
    (120, "VP of engineering", "customer_facing"),
    (240, "C-level executives", "business_critical"),
]
ROLES = {
    "on-call-engineer": "mail:oncall@example.org",
    "team-lead": "mail:lead@example.org",
    "engineering-manager": "slack:#managers",
    "director-of-engineering": "mail:director@example.org",
    "vp-of-engineering": "mail:vp@example.org",
    "c-level-executives": "webhook",
}


async def set_targets(desk: Desk) -> None:
    for step in await desk.escalation.steps():
        known = msgspec.structs.replace(step, targets=(ROLES[step.role],))
        await desk.escalation.set_step(desk.caller, known)


async def test_the_schedule_is_the_runbooks_matrix(desk: Desk) -> None:
    steps = await desk.escalation.steps()
    assert [(step.after_minutes, step.name, step.condition) for step in steps] == MATRIX


@pytest.mark.parametrize(
    ("new", "minutes", "expected"),
    [
        (New(severity="P0", title="t"), 0, 1),
        (New(severity="P0", title="t"), 14.9, 1),
        (New(severity="P0", title="t"), 15, 2),
        (New(severity="P1", title="t"), 30, 3),
        (New(severity="P2", title="t"), 300, 2),
        (New(severity="P0", title="t"), 300, 3),
        (New(severity="P0", title="t", widespread=True), 60, 4),
    ],
)
async def test_who_is_told_when(desk: Desk, new: New, minutes: float, expected: int) -> None:
    await set_targets(desk)
    incident = (await desk.incidents.open(desk.caller, new)).incident
    desk.time.goes_on(minutes=minutes)
    await desk.escalation.run_due()
    assert set(await desk.told(incident.id)) == set(list(ROLES.values())[:expected])


async def test_everybody_is_told_once_however_often_it_runs(desk: Desk) -> None:
    await set_targets(desk)
    new = New(
        severity="P0", title="down", widespread=True, customer_facing=True, business_critical=True
    )
    incident = (await desk.incidents.open(desk.caller, new)).incident
    await desk.incidents.acknowledge(desk.caller, incident.id)  # it is not resolved by that
    for minutes in range(0, 260, 5):
        desk.time.goes_on(minutes=5 if minutes else 0)
        await desk.escalation.run_due()
    assert await desk.told(incident.id) == list(ROLES.values())
    assert len(await desk.timeline(incident.id, "escalated")) == len(ROLES)


async def test_two_at_once_tell_once(desk: Desk) -> None:
    await set_targets(desk)
    new = New(severity="P0", title="down", widespread=True)
    ids = [(await desk.incidents.open(desk.caller, new)).incident.id for _ in range(3)]
    desk.time.goes_on(hours=2)
    other = Escalation(desk.tools)
    counts = await asyncio.gather(*(each.run_due() for each in (desk.escalation, other) * 3))
    assert sum(counts) == 3 * (3 + 1)  # three more roles, and that nobody has acknowledged
    for incident in ids:
        texts = await desk.timeline(incident, "escalated")
        assert len(texts) == len(set(texts)) == 4
        keys = await desk.execute(
            "SELECT count(*) AS n, count(DISTINCT dedupe_key) AS d FROM cc_notification"
            " WHERE about = :about",
            about=incident,
        )
        assert keys[0].n == keys[0].d == 5


async def test_a_condition_that_comes_true_later_counts_at_once(desk: Desk) -> None:
    await set_targets(desk)
    incident = (await desk.incidents.open(desk.caller, New(severity="P3", title="t"))).incident
    desk.time.goes_on(minutes=70)
    await desk.escalation.run_due()
    assert len(await desk.told(incident.id)) == 2
    changes = {"severity": "P0", "widespread": True}
    await desk.incidents.change(desk.caller, incident.id, changes)
    told = await desk.told(incident.id)
    assert {"slack:#managers", "mail:director@example.org"} <= set(told)


async def test_resolved_is_the_end_of_it(desk: Desk) -> None:
    await set_targets(desk)
    incident = (await desk.incidents.open(desk.caller, New(severity="P0", title="t"))).incident
    await desk.incidents.resolve(desk.caller, incident.id, {"resolution": "restarted"})
    before = await desk.told(incident.id)
    assert before == ["mail:oncall@example.org"] * 2  # that it began, and that it ended
    desk.time.goes_on(days=1)
    assert await desk.escalation.run_due() == 0
    assert await desk.told(incident.id) == before


async def test_nobody_to_tell_is_said(desk: Desk) -> None:
    incident = (await desk.incidents.open(desk.caller, New(severity="P2", title="t"))).incident
    desk.time.goes_on(minutes=16)
    await desk.escalation.run_due()
    (text,) = await desk.timeline(incident.id, "nobody")
    assert text == (
        "Team lead (15 min, not resolved): nobody to tell: set a target, e.g. "
        "`ccfg incident escalation set team-lead --target mail:somebody@example.org`"
    )


async def test_a_channel_that_is_not_set_up_is_said(desk: Desk, settings: Settings) -> None:
    deaf = Desk(desk.database, settings, desk.time)
    step = Step("team-lead", "Team lead", 0, "any", ("mail:lead@example.org", "slack"))
    await deaf.escalation.set_step(deaf.caller, step)
    incident = (await deaf.incidents.open(deaf.caller, New(severity="P2", title="t"))).incident
    first, second = await deaf.timeline(incident.id, "nobody")
    assert first.startswith("On-call engineer (initial alert): nobody to tell: set SLACK_WEBHOOK")
    assert second == (
        "Team lead not told at mail:lead@example.org: SMTP_URL and MAIL_FROM not set; "
        "slack: SLACK_WEBHOOK_URL not set"
    )
    assert await deaf.told(incident.id) == []


@pytest.mark.parametrize(
    ("severity", "minutes"), [("P0", 15), ("P1", 60), ("P2", 240), ("P3", 1440)]
)
async def test_an_acknowledgement_that_is_late_is_told_of(
    desk: Desk, severity: str, minutes: int
) -> None:
    opened = await desk.incidents.open(desk.caller, New(severity=severity, title="t"))
    incident = opened.incident
    assert (incident.acknowledge_by - incident.opened_at).total_seconds() == minutes * 60
    desk.time.goes_on(minutes=minutes - 0.1)
    await desk.escalation.run_due()
    assert await desk.timeline(incident.id, "overdue") == []
    desk.time.goes_on(minutes=0.1)
    await desk.escalation.run_due()
    await desk.escalation.run_due()
    (text,) = await desk.timeline(incident.id, "overdue")
    assert severity in text
    rows = await desk.execute("SELECT subject FROM cc_notification WHERE subject LIKE '[NOT%'")
    assert len(rows) == len([*await desk.told(incident.id)]) / 2


async def test_by_hand_tells_the_next(desk: Desk) -> None:
    await set_targets(desk)
    incident = (await desk.incidents.open(desk.caller, New(severity="P3", title="t"))).incident
    step = await desk.escalation.escalate(desk.caller, incident.id, None)
    assert step.role == "team-lead"
    step = await desk.escalation.escalate(desk.caller, incident.id, "c-level-executives")
    assert (await desk.told(incident.id))[-1] == "webhook"
    with pytest.raises(Problem) as refused:
        await desk.escalation.escalate(desk.caller, incident.id, "team-lead")
    assert refused.value.code == "wrong-state"
    desk.time.goes_on(minutes=15)
    await desk.escalation.run_due()
    assert (await desk.told(incident.id)).count("mail:lead@example.org") == 1


async def test_the_letter(desk: Desk, tmp_path: Path) -> None:
    del tmp_path
    new = New(severity="P0", title="API down", situation="all pods crash", services=("API",))
    await desk.incidents.open(desk.caller, new)
    (row, *_) = await desk.execute("SELECT subject, body FROM cc_notification ORDER BY id")
    assert row.subject == "[INCIDENT] Central Configuration - P0 - API down"
    assert row.body.startswith(
        "For: On-call engineer (initial alert)\n"
        "Acknowledge: ccfg incident ack INC-2026-1123-001\n\n"
        "Incident ID: INC-2026-1123-001\nSeverity: P0\nStatus: Investigating\n"
    )
    assert "CURRENT STATUS:\nall pods crash\n" in row.body
