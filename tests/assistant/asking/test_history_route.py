"""GET /workspaces/{workspace}/history: every condition, pages, and what a key may not see."""

from typing import Any

import msgspec
import pytest

from central_config.assistant.model.plans import Plan
from central_config.assistant.wire.ask import PlanBody
from tests.support.api import ApiProcess, Workspace


@pytest.fixture
def past(workspace: Workspace) -> Workspace:
    admin = workspace.admin
    admin.put(workspace.place("base", "db/host"), "a", message="first")
    admin.put(workspace.place("prod", "db/host"), "b")
    admin.put(workspace.place("prod", "pw"), "hunter2", secret=True)
    admin.ok("DELETE", f"/config/{workspace.place('prod', 'db/host')}", headers={"If-Match": "*"})
    return workspace


def _items(place: Workspace, **params: Any) -> list[dict[str, Any]]:
    return place.admin.ok("GET", f"{place.path}/history", params=params)["items"]


def _told(place: Workspace, **params: Any) -> list[str]:
    return [f"{each['environment']}:{each['key']}" for each in _items(place, **params)]


def test_conditions(past: Workspace) -> None:
    assert _told(past) == ["prod:db/host", "prod:pw", "prod:db/host", "base:db/host"]
    assert _told(past, oldest_first=True, limit=1) == ["base:db/host"]
    assert _told(past, environment=["base", "staging"]) == ["base:db/host"]
    assert _told(past, key="pw") == ["prod:pw"]
    assert _told(past, prefix="p") == ["prod:pw"]
    assert _told(past, word=["DB", "host"], action="set") == ["prod:db/host", "base:db/host"]
    assert _told(past, secret=True) == ["prod:pw"]
    assert _told(past, secret=False, environment="base") == ["base:db/host"]
    assert _told(past, author="nobody") == []
    assert _told(past, until="2020-01-01T00:00:00Z") == []
    assert len(_told(past, since="2020-01-01T00:00:00Z", author="admin")) == 4
    removed, secret, _, first = _items(past)
    assert (removed["action"], removed["value"]) == ("remove", None)
    assert (secret["value"], first["value"], first["message"]) == ("******", "a", "first")


@pytest.mark.parametrize("oldest_first", [True, False])
def test_pages(workspace: Workspace, oldest_first: bool) -> None:  # noqa: FBT001
    edits = [
        {"environment": place, "key": f"k{number}", "action": "set", "value": number}
        for number in range(4)
        for place in ("base", "prod")
    ]
    for _ in range(2):
        revision = workspace.revision()
        body = {"message": "", "edits": edits, "action": "publish", "base_revision": revision}
        workspace.admin.ok("POST", f"{workspace.path}/changes", json=body)
        edits = [{**each, "value": each["value"] + 1} for each in edits]
    whole = _items(workspace, oldest_first=oldest_first)
    assert len(whole) == 16
    found: list[dict[str, Any]] = []
    cursor = None
    for _ in range(10):
        params = {"limit": 3, "cursor": cursor, "oldest_first": oldest_first}
        given = {name: value for name, value in params.items() if value is not None}
        page = workspace.admin.ok("GET", f"{workspace.path}/history", params=given)
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == whole
    assert [each["revision"] for each in whole] == sorted(
        (each["revision"] for each in whole), reverse=not oldest_first
    )


def test_a_key_sees_the_past_of_its_scope(server: ApiProcess, past: Workspace) -> None:
    app = server.with_token(past.key(environments=["prod"], key_prefix="db/"))
    items = app.ok("GET", f"{past.path}/history")["items"]
    assert {(each["environment"], each["key"]) for each in items} == {("prod", "db/host")}
    answer = app.get(f"{past.path}/history", params={"environment": "base"})
    assert answer.json()["code"] == "environment-not-found"
    assert app.ok("GET", f"{past.path}/history", params={"prefix": "web"})["items"] == []
    app.close()


@pytest.mark.parametrize(
    "params", [{"cursor": "x"}, {"action": "drop"}, {"since": "soon"}, {"word": "a\0"}]
)
def test_questions_that_are_none(past: Workspace, params: dict[str, str]) -> None:
    answer = past.admin.get(f"{past.path}/history", params=params)
    assert answer.status_code in {400, 422}


def test_plans_over_http_are_plans() -> None:
    """The HTTP form has every member of a plan, its default, and nothing else."""
    fields = {each.name: each for each in msgspec.structs.fields(Plan)}
    assert set(PlanBody.model_fields) == set(fields)
    body = PlanBody(intent="find")
    assert body.plan() == Plan(intent="find")
    whole = Plan(
        intent="changes", environments=("prod",), key="k", prefix="p", words=("w",), value="v",
        value_is="contains", status="active", secret=True, own=False, author="a", action="set",
        since="2026-01-01T00:00:00Z", until="2026-02-01T00:00:00Z", kinds=("added",),
        idle="changed", days=3, newest=False, limit=7, count=True, reason="write",
    )  # fmt: skip
    assert PlanBody.of(whole).plan() == whole
