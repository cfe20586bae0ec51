"""The outbox over HTTP and from the command line; nobody delivers here."""

import pytest

from tests.incidents.conftest import Ccfg
from tests.notifications.sinks import SECRET
from tests.support.api import ApiProcess, Client


@pytest.mark.parametrize(
    "target", ["pager:me", "mail:a@b\r\nBcc: c@d", "slack:general", "mail:", "webhook:http://x"]
)
def test_texts_that_are_no_targets(operator: Client, target: str) -> None:
    answer = operator.post("/notifications/test", {"target": target})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/target"]


def test_what_is_not_there(operator: Client) -> None:
    unknown = "00000000-0000-0000-0000-000000000000"
    assert operator.get(f"/notifications/{unknown}").status_code == 404
    assert operator.post(f"/notifications/{unknown}/retry").status_code == 404


def test_lists(operator: Client) -> None:
    for _ in range(2):
        operator.ok("POST", "/notifications/test", json={"target": "default"})
    page = operator.ok("GET", "/notifications", params={"about": "test", "limit": 3})
    assert len(page["items"]) == 3
    following = {"about": "test", "limit": 3, "cursor": page["next_cursor"]}
    more = operator.ok("GET", "/notifications", params=following)["items"]
    assert {each["id"] for each in page["items"]}.isdisjoint(each["id"] for each in more)
    slack = operator.ok("GET", "/notifications?channel=slack")["items"]
    assert {each["channel"] for each in slack} == {"slack"}
    again = operator.ok("POST", f"/notifications/{slack[0]['id']}/retry")
    assert (again["status"], again["attempts"]) == ("queued", 0)


def test_commands(ccfg: Ccfg) -> None:
    sent = ccfg("notification", "test", "mail:a@example.org", "-o", "json")
    (message,) = sent.data["items"]
    assert ccfg("notification", "test", "pager").code == 1
    assert message["id"] in ccfg("notification", "list", "--about", "test").out
    retried = ccfg("notification", "retry", message["id"])
    assert retried.err == "mail:a@example.org: is tried again\n"


def test_no_secret_in_logs_or_answers(api: ApiProcess, operator: Client) -> None:
    operator.ok("POST", "/notifications/test", json={"target": "default"})
    said = api.log.read_text() + operator.get("/notifications").text + operator.get("/audit").text
    assert "notification.tested" in said
    for secret in (SECRET, "slack-token-of-tests"):
        assert secret not in said
