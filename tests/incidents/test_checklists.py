"""Checklists: what is looked at, what somebody says, and that green is never a gift."""

from typing import Any

import pytest
from sqlalchemy import text

from central_config.core.db import open_database, transaction
from central_config.core.settings import Settings
from central_config.incidents.model.checklists import CHECKLISTS
from tests.cli.test_terminal import Terminal
from tests.docs.pages import ROOT
from tests.incidents.conftest import Ccfg
from tests.support.api import ApiProcess, Client, Workspace

# The runbook's items, in its order.
PRE_DEPLOYMENT = """\
All tests passing in CI/CD pipeline
Security scan completed with no high/critical issues
Database migrations tested in staging
Rollback plan documented and tested
Monitoring alerts configured for new features
Load testing completed
Backup completed before deployment
On-call engineer notified
Stakeholders informed of deployment window"""
POST_INCIDENT = """\
Incident timeline documented
Root cause analysis completed
Customer communication sent (if applicable)
Monitoring gaps identified and addressed
Postmortem meeting scheduled
Action items created and assigned
Runbook updated with lessons learned
Related documentation updated"""
MONTHLY_SECURITY = """\
Access control audit completed
SSL certificates reviewed and renewed if needed
Security patches applied
Vulnerability scan completed
Backup encryption verified
Audit logs reviewed for anomalies
API key rotation completed
Security training compliance checked"""


def items(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["slug"]: each for each in run["items"]}


def start(operator: Client, name: str, **body: Any) -> dict[str, Any]:
    return operator.ok("POST", f"/checklists/{name}/runs", json=body)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("pre-deployment", PRE_DEPLOYMENT),
        ("post-incident", POST_INCIDENT),
        ("monthly-security", MONTHLY_SECURITY),
    ],
)
def test_the_lists_are_the_runbooks(operator: Client, name: str, texts: str) -> None:
    assert [item.text for item in CHECKLISTS[name].items] == texts.splitlines()
    served = {each["name"]: each for each in operator.ok("GET", "/checklists")["items"]}
    assert [item["text"] for item in served[name]["items"]] == texts.splitlines()
    page = (ROOT / "docs" / "runbook" / "checklists.md").read_text("utf-8")
    section = page.partition(f"## {CHECKLISTS[name].title}\n")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
    assert [row[1] for row in rows] == texts.splitlines()
    assert [row[0].strip("| `") for row in rows] == [item.slug for item in CHECKLISTS[name].items]


def test_every_check_has_an_item(operator: Client) -> None:
    """What is said to be looked at is looked at, and nothing else is."""
    incident = operator.ok("POST", "/incidents", json={"severity": "P3", "title": "t"})["id"]
    for checklist in CHECKLISTS.values():
        run = start(
            operator, checklist.name, **({"incident": incident} if checklist.of_incident else {})
        )
        looked = {slug for slug, item in items(run).items() if item["evidence"]}
        assert looked == {item.slug for item in checklist.items if item.looks_at}


def test_open_until_somebody_says_so(operator: Client) -> None:
    run = start(operator, "pre-deployment", confirm={"tests-passing": "run 4711"})
    found = items(run)
    assert run["green"] is False
    assert (found["tests-passing"]["status"], found["tests-passing"]["by"]) == (
        "confirmed",
        "admin",
    )
    assert found["tests-passing"]["reason"] == "run 4711"
    assert found["load-testing"]["status"] == "open"
    # Looking alone does not settle it: this database says nothing of staging's.
    assert found["migrations-tested"]["status"] == "open"
    assert "as its release needs" in found["migrations-tested"]["evidence"]
    rest = {slug: "seen" for slug, item in found.items() if item["status"] == "open"}
    path = f"/checklists/runs/{run['id']}"
    after = operator.ok("POST", f"{path}/confirm", json={"confirm": rest})
    assert items(after)["tests-passing"]["reason"] == "run 4711"
    assert after == operator.ok("GET", path)
    statuses = {item["status"] for item in items(after).values()}
    assert after["green"] == (statuses <= {"checked", "confirmed"})
    (event, *_) = operator.ok("GET", "/audit?action=checklist.")["items"]
    assert event["action"] == "checklist.confirmed"
    assert event["details"]["items"]["load-testing"] == "confirmed"


def test_post_incident(operator: Client) -> None:
    body = {"severity": "P1", "title": "t", "customer_facing": True}
    incident = operator.ok("POST", "/incidents", json=body)["id"]
    path = f"/incidents/{incident}"
    bare = items(start(operator, "post-incident", incident=incident))
    for slug in ("timeline-documented", "root-cause", "action-items"):
        assert bare[slug]["status"] == "failed"
    assert bare["customer-communication"]["status"] == "open"
    # What was found to be wrong is not talked away.
    word = {"root-cause": "trust me"}
    claimed = items(start(operator, "post-incident", incident=incident, confirm=word))
    assert claimed["root-cause"]["status"] == "failed"
    operator.ok("POST", f"{path}/updates", json={"text": "found"})
    operator.ok("POST", f"{path}/resolve", json={"resolution": "r", "root_cause": "c"})
    operator.ok("POST", f"{path}/actions", json={"text": "a"})
    half = items(start(operator, "post-incident", incident=incident))
    assert half["action-items"]["evidence"] == "without owner or date: action 1"
    operator.ok("PATCH", f"{path}/actions/1", json={"owner": "ada", "due": "2026-12-01"})
    asked = ("customer-communication", "monitoring-gaps", "postmortem-scheduled")
    asked += ("runbook-updated", "documentation-updated")
    confirm = dict.fromkeys(asked, "done")
    run = start(operator, "post-incident", incident=incident, confirm=confirm)
    assert run["green"] is True
    listed = operator.ok("GET", f"/checklists/runs?incident={incident}")["items"]
    assert [each["green"] for each in listed] == [True, False, False, False]


async def _age_of_keys(url: str, interval: str) -> None:
    database = open_database(url, Settings())
    async with transaction(database) as connection:
        statement = "UPDATE api_keys SET created_at = now() - CAST(:age AS text)::interval"
        await connection.execute(text(statement), {"age": interval})
    await database.dispose()


@pytest.mark.anyio
async def test_security_review(api: ApiProcess, operator: Client) -> None:
    Workspace(operator).key(name="shop-prod")
    await _age_of_keys(api.environment["DATABASE_URL"], "179 days")
    fresh = items(start(operator, "monthly-security"))["key-rotation"]
    assert fresh["status"] == "checked"
    await _age_of_keys(api.environment["DATABASE_URL"], "181 days")
    old = items(start(operator, "monthly-security", confirm={"key-rotation": "no"}))["key-rotation"]
    assert old["status"] == "failed"
    assert old["evidence"].startswith("older than 180 days: shop-prod (cc_")
    log = items(start(operator, "monthly-security"))["audit-logs"]
    assert (log["status"], "intact" in log["evidence"]) == ("open", True)


def test_refusals(operator: Client) -> None:
    refused = [
        ("nonsense", {}, 404, None),
        ("post-incident", {}, 422, "/incident"),
        ("pre-deployment", {"incident": "INC-2026-0101-001"}, 422, "/incident"),
        ("post-incident", {"incident": "INC-1999-0101-001"}, 404, None),
        ("pre-deployment", {"confirm": {"weather": ""}}, 422, "/confirm/weather"),
    ]
    for name, body, status, pointer in refused:
        answer = operator.post(f"/checklists/{name}/runs", body)
        assert answer.status_code == status, answer.text
        if pointer:
            assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_commands(ccfg: Ccfg) -> None:
    words = ("checklist", "run", "pre-deployment", "--ask-nothing")
    red = ccfg(
        *words, "--yes-to", "tests-passing=run 4711", "--yes-to", "load-testing", "-o", "json"
    )
    assert (red.code, red.data["green"]) == (1, False)
    found = items(red.data)
    assert found["tests-passing"]["reason"] == "run 4711"
    assert found["load-testing"]["status"] == "confirmed"
    shown = ccfg(*words)
    assert shown.code == 1
    assert "not green: " in shown.err
    assert "rollback-plan" in shown.out
    incident = ccfg("incident", "open", "P3", "typo", "-o", "json").data["id"]
    ccfg("incident", "update", incident, "found it")
    ccfg("incident", "resolve", incident, "corrected", "--root-cause", "haste")
    ccfg("incident", "action", incident, "read twice", "--owner", "ada", "--due", "2026-12-01")
    asked = ("monitoring-gaps", "postmortem-scheduled", "runbook-updated", "documentation-updated")
    yes = [word for slug in asked for word in ("--yes-to", f"{slug}=seen")]
    green = ccfg("checklist", "run", "post-incident", "--incident", incident, *yes)
    assert green.code == 0, green.out
    assert "post-incident: green" in green.err
    assert incident in ccfg("checklist", "runs").out
    assert "you are asked" in ccfg("checklist", "list").out


def test_on_a_terminal_you_are_asked(ccfg: Ccfg) -> None:
    incident = ccfg("incident", "open", "P3", "typo", "-o", "json").data["id"]
    terminal = Terminal("checklist", "run", "post-incident", "--incident", incident)
    for item in ("Monitoring gaps", "Postmortem meeting", "Runbook updated"):
        terminal.until(item)
        terminal.until("Is it so?")
        terminal.seen = ""
        terminal.type("y" if item.startswith("Post") else "")
        if item.startswith("Post"):
            terminal.until("How do you know?")
            terminal.type("it is on Friday")
    terminal.until("Related documentation")
    terminal.type("n")
    assert terminal.end() == 1
    terminal.close()
    assert "not green: " in terminal.seen
    assert "admin: it is on Friday" in terminal.seen
    (run,) = ccfg("checklist", "runs", "--incident", incident, "-o", "json").data
    assert items(run)["postmortem-scheduled"]["reason"] == "it is on Friday"
    assert items(run)["monitoring-gaps"]["status"] == "open"
