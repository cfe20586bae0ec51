"""What Alertmanager reports becomes incidents: one a group, nothing twice."""

import concurrent.futures
from typing import Any

import pytest

from central_config.access.model import anonymous_caller
from central_config.core.ids import new_id
from central_config.core.problems import Problem
from central_config.core.settings import Settings
from central_config.incidents.routes.alerts import _check
from tests.incidents.conftest import ALERTS_TOKEN
from tests.support.api import ApiProcess, Client


def alert(name: str, severity: str | None = "P1", status: str = "firing") -> dict[str, Any]:
    labels = {"alertname": name} | ({"severity": severity} if severity else {})
    return {
        "status": status,
        "labels": labels,
        "annotations": {
            "summary": f"{name} is bad",
            "description": "97 %",
            "runbook_url": f"https://runbook.example.org/{name}",
        },
        "startsAt": "2026-11-23T03:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": name.lower(),
    }


@pytest.fixture
def key() -> str:
    return f'{{}}/{{severity="P1"}}:{{alertname="{new_id()}"}}'


def report(api: ApiProcess, key: str, *alerts: dict[str, Any], token: str = ALERTS_TOKEN) -> Any:
    """Report as Alertmanager does, with members that nobody asked for."""
    body = {
        "version": "4",
        "groupKey": key,
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "central-config",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
        "alerts": list(alerts),
    }
    client = api.with_token(token)
    answer = client.post("/incidents/alerts", body)
    client.close()
    return answer


def test_a_group_is_one_incident(api: ApiProcess, operator: Client, key: str) -> None:
    made = report(api, key, alert("DatabaseDown", "P0"), alert("HighErrorRate"))
    assert made.status_code == 200, made.text
    incident = made.json()["incident"]
    found = operator.ok("GET", f"/incidents/{incident}")
    assert (found["severity"], found["opened_by"]) == ("P0", "alertmanager")
    assert found["title"] == "DatabaseDown: DatabaseDown is bad (and 1 more)"
    assert "Do: https://runbook.example.org/HighErrorRate" in found["situation"]
    assert found["alerts_firing"] == 2
    length = len(found["timeline"])
    for _ in range(3):  # repeated, or from a second Alertmanager
        again = report(api, key, alert("HighErrorRate"), alert("DatabaseDown", "P0"))
        assert again.json()["incident"] == incident
    assert len(operator.ok("GET", f"/incidents/{incident}")["timeline"]) == length


def test_ended_alerts_leave_it_to_a_person(api: ApiProcess, operator: Client, key: str) -> None:
    incident = report(api, key, alert("SnapshotStale", "P2")).json()["incident"]
    path = f"/incidents/{incident}"
    report(api, key, alert("SnapshotStale", "P2", "resolved"))
    found = operator.ok("GET", path)
    assert (found["status"], found["alerts_firing"]) == ("monitoring", 0)
    assert report(api, key, alert("SnapshotStale", "P0")).json()["incident"] == incident
    found = operator.ok("GET", path)
    assert (found["status"], found["severity"]) == ("identified", "P0")
    again = [each["text"] for each in found["timeline"] if each["kind"] == "alert"][-1]
    assert again.startswith("alerts fire again:\nSnapshotStale: SnapshotStale is bad")
    assert again.endswith("severity: P2 -> P0")
    operator.ok("POST", f"{path}/resolve", json={"resolution": "restarted"})
    assert report(api, key, alert("SnapshotStale", status="resolved")).json()["incident"] is None
    assert report(api, key, alert("SnapshotStale")).json()["incident"] not in {None, incident}


def test_several_alertmanagers_at_once(api: ApiProcess, key: str) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: report(api, key, alert("RedisDown", None)), range(8))
        found = {answer.json()["incident"] for answer in answers}
    assert len(found) == 1
    assert None not in found


def test_the_watchdog_is_no_incident(api: ApiProcess, key: str) -> None:
    assert report(api, key, alert("Watchdog", None)).json() == {"incident": None}


@pytest.mark.usefixtures("unthrottled")
@pytest.mark.parametrize("token", ["wrong", "None", ALERTS_TOKEN[:-1], "cc_aaaaaaaa_" + "b" * 43])
def test_only_with_its_token(api: ApiProcess, key: str, token: str) -> None:
    answer = report(api, key, alert("RedisDown"), token=token)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-credentials")
    assert '"authentication failed"' in api.log.read_text()
    assert ALERTS_TOKEN not in api.log.read_text()


@pytest.mark.usefixtures("unthrottled")
def test_a_session_is_no_such_token(api: ApiProcess, operator: Client, key: str) -> None:
    assert operator.token is not None
    assert report(api, key, alert("RedisDown"), token=operator.token).status_code == 401


@pytest.mark.usefixtures("unthrottled")
def test_the_token_opens_nothing_else(api: ApiProcess) -> None:
    client = api.with_token(ALERTS_TOKEN)
    assert client.get("/incidents").status_code == 401
    client.close()


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer None", "Bearer"])
def test_where_no_token_is_set_nobody_can(given: str) -> None:
    with pytest.raises(Problem) as refused:
        _check(given, Settings(), anonymous_caller("", ""))
    assert refused.value.code == "invalid-credentials"


def test_a_long_key(api: ApiProcess) -> None:
    key = new_id().hex * 200
    first, second = (report(api, key, alert("RedisDown")).json()["incident"] for _ in range(2))
    assert first == second is not None
