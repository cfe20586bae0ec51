"""The record of an incident over HTTP and from the command line."""

import asyncio
import re
from typing import Any

import pytest

from tests.incidents.conftest import Ccfg
from tests.support.api import ApiProcess, Client
from tests.support.servers import execute


def opened(operator: Client, **more: Any) -> dict[str, Any]:
    body = {"severity": "P1", "title": "Slow reads", **more}
    return operator.ok("POST", "/incidents", json=body)


def test_ids_count_within_a_day(operator: Client) -> None:
    first, second = (opened(operator)["id"] for _ in range(2))
    found = re.fullmatch(r"INC-\d{4}-\d{4}-(\d{3})", first)
    assert found is not None
    assert second.endswith(f"{int(found.group(1)) + 1:03d}")


def test_a_life_of_an_incident(operator: Client) -> None:
    made = opened(operator, situation="p99 is 3 s", services=["API"], contact={"name": "Ada"})
    path = f"/incidents/{made['id']}"
    assert (made["status"], made["acknowledged_at"]) == ("investigating", None)
    assert operator.ok("POST", f"{path}/acknowledge")["acknowledged_by"] == "admin"
    update = {"text": "a lock on cc_workspace", "status": "identified", "severity": "P0"}
    assert operator.ok("POST", f"{path}/updates", json=update)["situation"] == update["text"]
    operator.ok("PATCH", path, json={"customers": "about 40", "customer_facing": True})
    body = {"resolution": "cancelled the query", "root_cause": "a report without a limit"}
    ended = operator.ok("POST", f"{path}/resolve", json=body)
    assert (ended["status"], ended["severity"]) == ("resolved", "P0")
    operator.ok("POST", f"{path}/actions", json={"text": "limit reports", "owner": "ada"})
    done = {"done": True, "due": "2026-12-24"}
    operator.ok("PATCH", f"{path}/actions/1", json=done)
    operator.ok("POST", f"{path}/updates", json={"text": "customers were told"})
    told = operator.ok("GET", path)
    assert told["situation"] == update["text"]  # what is written later is no situation any more
    (action,) = told["actions"]
    assert (action["due"], action["done_at"] is None) == ("2026-12-24", False)
    kinds = [entry["kind"] for entry in told["timeline"]]
    assert kinds[:2] == ["opened", "note"]
    for kind in ("acknowledged", "changed", "resolved", "action"):
        assert kind in kinds
    changed = [entry["text"] for entry in told["timeline"] if entry["kind"] == "changed"]
    assert "severity: P1 -> P0" in " ".join(changed)
    actions = [event["action"] for event in operator.ok("GET", "/audit?action=incident.")["items"]]
    for each in ("opened", "acknowledged", "updated", "changed", "resolved", "action_added"):
        assert f"incident.{each}" in actions


def test_what_a_resolved_incident_refuses(operator: Client) -> None:
    path = f"/incidents/{opened(operator)['id']}"
    operator.ok("POST", f"{path}/acknowledge")
    assert operator.post(f"{path}/acknowledge").status_code == 409
    assert operator.get(f"{path}/reports/resolution").status_code == 409
    operator.ok("POST", f"{path}/resolve", json={"resolution": "over"})
    refused = [
        operator.post(f"{path}/resolve", {"resolution": "again"}),
        operator.post(f"{path}/acknowledge"),
        operator.post(f"{path}/escalate"),
        operator.post(f"{path}/updates", {"text": "t", "status": "monitoring"}),
        operator.request("PATCH", path, json={"severity": "P0"}),
    ]
    assert [answer.status_code for answer in refused] == [409] * 5
    assert {answer.json()["code"] for answer in refused} == {"wrong-state"}
    operator.ok("PATCH", path, json={"lessons": "watch locks"})


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"title": "t"}, "/severity"),
        ({"severity": "P9", "title": "t"}, "/severity"),
        ({"severity": "P1", "title": ""}, "/title"),
        ({"severity": "P1", "title": "a\nb"}, "/title"),
        ({"severity": "P1", "title": "t", "detected_at": "2999-01-01T00:00:00Z"}, "/detected_at"),
        ({"severity": "P1", "title": "t", "detected_at": "noon"}, "/detected_at"),
        ({"severity": "P1", "title": "t", "impact": 3}, "/impact"),
        ({"severity": "P1", "title": "t", "contact": {"name": "\0"}}, "/contact/name"),
    ],
)
def test_bad_input_is_named(operator: Client, body: dict[str, Any], pointer: str) -> None:
    answer = operator.post("/incidents", body)
    assert answer.status_code == 422, answer.text
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_other_bad_input(operator: Client) -> None:
    path = f"/incidents/{opened(operator)['id']}"
    assert operator.get("/incidents/INC-1999-0101-001").status_code == 404
    assert operator.post(f"{path}/updates", {"text": "t", "status": "resolved"}).status_code == 422
    assert operator.request("PATCH", f"{path}/actions/7", json={"done": True}).status_code == 404
    assert operator.post(f"{path}/escalate", {"role": "nobody"}).status_code == 404
    wrong = {"after_minutes": 5, "targets": ["slack", "pager:me"]}
    answer = operator.request("PUT", "/incidents/escalation/team-lead", json=wrong)
    assert answer.json()["errors"][0]["pointer"] == "/targets/1"
    answer = operator.request("PUT", "/incidents/escalation/Team", json={"after_minutes": 5})
    assert answer.json()["errors"][0]["pointer"] == "/role"
    assert operator.get("/incidents?cursor=bm8").json()["code"] == "malformed-cursor"


def test_pages(operator: Client) -> None:
    wanted = [opened(operator, severity="P2")["id"] for _ in range(3)]
    found: list[str] = []
    cursor = None
    for _ in range(3):
        page = operator.ok(
            "GET", "/incidents", params={"limit": 1, **({"cursor": cursor} if cursor else {})}
        )
        found += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert found == wanted[::-1]
    going_on = operator.ok("GET", "/incidents?open=true&severity=P2")["items"]
    assert {each["status"] for each in going_on} <= {"investigating", "identified", "monitoring"}


def test_only_operators(api: ApiProcess, operator: Client) -> None:
    operator.ok(
        "POST", "/users", json={"username": "eve", "email": "e@x.org", "password": "correct horse!"}
    )
    eve, nobody = api.sign_in("eve", "correct horse!"), api.anonymous()
    for path in ("/incidents", "/incidents/escalation", "/checklists", "/notifications"):
        assert eve.get(path).status_code == 403
        assert nobody.get(path).status_code == 401
    eve.close()
    nobody.close()


def test_commands(ccfg: Ccfg) -> None:
    made = ccfg(
        *("incident", "open", "P0", "API down", "--situation", "all pods crash"),
        *("--service", "API", "--customers", "all", "--contact", "Ada, 123, a@b.c"),
        *("--detected", "10m ago", "-o", "json"),
    )
    assert made.code == 0, made.err
    incident = made.data["id"]
    assert made.data["contact"] == {"name": "Ada", "phone": "123", "email": "a@b.c"}
    assert ccfg("incident", "ack", incident).err == f"{incident}: acknowledged by admin\n"
    assert ccfg("incident", "update", incident, "rolled back", "--status", "monitoring").code == 0
    assert incident in ccfg("incident", "list", "--open").out
    report = ccfg("incident", "report", incident).out
    assert "Point of Contact: Ada - 123 - a@b.c" in report
    assert "- Current duration: 10 min" in report
    assert ccfg("incident", "escalate", incident, "--to", "team-lead").code == 0
    assert ccfg("incident", "resolve", incident, "rolled back to 1.4").code == 0
    assert ccfg("incident", "resolve", incident, "again").code == 6
    assert ccfg("incident", "set", incident, "--root-cause", "a bad release").code == 0
    added = ccfg("incident", "action", incident, "canary", "--owner", "ada", "--due", "2026-12-01")
    assert "canary" in added.out
    assert ccfg("incident", "action", incident, "--number", "1", "--done").code == 0
    shown = ccfg("incident", "show", incident).out
    assert "resolved after" in shown
    assert "action 1: done" in shown
    assert "ROOT CAUSE:\na bad release\n" in ccfg("incident", "report", incident, "resolution").out


def test_the_schedule_from_the_command_line(ccfg: Ccfg) -> None:
    set_ = ("incident", "escalation", "set")
    assert ccfg(*set_, "press-officer", "--target", "mail:p@example.org").code == 2
    made = ccfg(*set_, "press-officer", "--after", "90", "--condition", "customer_facing")
    assert made.err == "Press officer: after 90 min, tells nobody\n"
    ccfg(*set_, "press-officer", "--target", "mail:p@example.org", "--target", "slack:#press")
    found = ccfg("incident", "escalation", "list", "-o", "json").data
    (step,) = [each for each in found if each["role"] == "press-officer"]
    assert step["targets"] == ["mail:p@example.org", "slack:#press"]
    assert (step["after_minutes"], step["condition"]) == (90, "customer_facing")
    assert ccfg("incident", "escalation", "remove", "press-officer").code == 0
    assert ccfg("incident", "escalation", "remove", "press-officer").code == 5


def test_a_long_timeline_is_told_from_its_end(
    operator: Client, api: ApiProcess, ccfg: Ccfg
) -> None:
    made = opened(operator)["id"]
    written = [f"line {number}" for number in range(450)]
    statement = (
        "INSERT INTO cc_incident_entry (incident_id, at, actor_kind, actor_name, kind, text)"
        " SELECT (SELECT max(id) FROM cc_incident), now(), 'system', 'x', 'note', 'line ' || n"
        " FROM generate_series(0, 449) n ORDER BY n"
    )
    asyncio.run(execute(api.environment["DATABASE_URL"], statement))
    whole: list[str] = []
    cursor = None
    sizes: list[int] = []
    while True:
        params = {} if cursor is None else {"cursor": cursor}
        told = operator.ok("GET", f"/incidents/{made}", params=params)
        sizes.append(len(told["timeline"]))
        whole = [entry["text"] for entry in told["timeline"]] + whole
        cursor = told["earlier_cursor"]
        if cursor is None:
            break
    assert sizes[:2] == [200, 200]
    assert whole[-450:] == written
    assert whole[0].startswith("opened")
    shown = ccfg("incident", "show", made, "--whole", "-o", "json").data
    assert [entry["text"] for entry in shown["timeline"]] == whole
    assert "--whole" in ccfg("incident", "show", made, "-o", "table").out
    assert operator.get(f"/incidents/{made}?cursor=no").json()["code"] == "malformed-cursor"
