"""The past: reading it, comparing it, explaining it, going back to it, and forgetting it."""

import time
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.api import Client, Workspace


def roll_back(admin: Client, workspace: Workspace, environment: str, **body: Any) -> Any:
    return admin.ok("POST", f"{workspace.environment(environment)}/rollback", json=body)


def remove(admin: Client, place: str) -> Any:
    return admin.ok("DELETE", f"/config/{place}", headers={"If-Match": "*"})


def test_reads_at_a_revision_and_at_a_time(workspace: Workspace, admin: Client) -> None:
    base, prod = workspace.place("base", "a"), workspace.place("prod")
    moments: list[tuple[int, str]] = []
    for value in (1, 2, 3):
        revision = admin.put(base, value)["revision"]
        row = admin.ok("GET", f"{workspace.path}/revisions/{revision}")
        moments.append((revision, row["published_at"]))
        time.sleep(0.002)
    remove(admin, base)
    for value, (revision, moment) in enumerate(moments, 1):
        assert admin.values(prod, at=revision) == {"a": value}
        assert admin.values(prod, at=moment) == {"a": value}
        assert admin.value(workspace.place("prod", "a"), at=revision) == value
    assert admin.values(prod) == {}
    assert admin.values(prod, at=moments[0][0] - 1) == {}
    read = admin.ok("GET", f"/config/{prod}", params={"at": moments[1][0]})
    assert read["revision"] == moments[1][0]


def test_a_time_may_name_its_zone_with_a_plus(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "a"), 1)
    for text in ("2100-01-01T00:00:00+02:00", "2100-01-01T00:00:00Z"):
        for written in (text, quote(text)):
            answer = admin.get(f"/config/{workspace.place('base', 'a')}?at={written}")
            assert answer.json()["value"] == 1


def test_the_past_resolves_references_as_they_were(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "host"), "old")
    first = admin.put(workspace.place("base", "url"), "http://${host}/")["revision"]
    admin.put(workspace.place("base", "host"), "new")
    assert admin.value(workspace.place("prod", "url"), at=first) == "http://old/"
    assert admin.value(workspace.place("prod", "url")) == "http://new/"


def test_the_past_has_the_environments_it_had(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "a"), 1)
    before = workspace.revision()
    admin.ok("PATCH", workspace.environment("prod"), json={"parent": None})
    assert admin.values(workspace.place("prod")) == {}
    assert admin.values(workspace.place("prod"), at=before) == {"a": 1}
    admin.ok("DELETE", workspace.environment("prod"))
    assert admin.get(f"/config/{workspace.place('prod')}").status_code == 404
    assert admin.values(workspace.place("prod"), at=before) == {"a": 1}


def test_diff(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "gone"), 1)
    admin.put(workspace.place("base", "same"), 1)
    admin.put(workspace.place("base", "app/other"), 1)
    start = admin.put(workspace.place("base", "secret"), "hunter2", secret=True)["revision"]
    remove(admin, workspace.place("base", "gone"))
    admin.put(workspace.place("base", "fresh"), [1])
    admin.put(workspace.place("base", "app/other"), 2)
    end = admin.put(workspace.place("base", "secret"), "hunter3")["revision"]
    path = f"{workspace.environment('prod')}/diff"
    answer = admin.get(path, params={"from": start, "to": end})
    found = {each["key"]: each for each in answer.json()["items"]}
    assert {key: each["kind"] for key, each in found.items()} == {
        "app/other": "changed", "fresh": "added", "gone": "removed", "secret": "changed",
    }  # fmt: skip
    assert (found["app/other"]["before"], found["app/other"]["after"]) == (1, 2)
    assert (found["fresh"]["before"], found["fresh"]["after"]) == (None, [1])
    assert found["secret"]["secret"] is True
    assert "hunter" not in answer.text
    backwards = admin.ok("GET", path, params={"from": end, "to": start})["items"]
    assert {each["key"]: each["kind"] for each in backwards}["fresh"] == "removed"
    only = admin.ok("GET", path, params={"from": start, "prefix": "app/"})["items"]
    assert [each["key"] for each in only] == ["app/other"]
    assert admin.ok("GET", path, params={"from": end, "to": end})["items"] == []


def test_compare(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "a"), 1)
    before = admin.put(workspace.place("staging", "b"), 1)["revision"]
    admin.put(workspace.place("prod", "a"), 2)
    path = f"{workspace.path}/compare"
    now = admin.ok("GET", path, params={"left": "staging", "right": "prod"})
    assert [(each["key"], each["kind"]) for each in now["items"]] == [
        ("a", "changed"),
        ("b", "removed"),
    ]
    sides = {"left": f"prod@{before}", "right": "prod"}
    then = admin.ok("GET", path, params=sides)
    assert [(each["key"], each["before"], each["after"]) for each in then["items"]] == [("a", 1, 2)]
    assert (then["left"]["revision"], then["right"]["revision"]) == (before, before + 1)


def test_explain(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "host"), "h", message="where it is")
    admin.put(workspace.place("base", "db/password"), "hunter2", secret=True)
    admin.put(workspace.place("base", "url"), "u:${db/password}@${host}", message="first")
    last = admin.put(
        workspace.place("prod", "url"), "p:${host}", message="for prod", description="The way in"
    )
    found = admin.ok("GET", f"{workspace.environment('prod')}/explain/url")
    assert (found["value"], found["origin"], found["served"]) == ("p:h", "prod", True)
    assert found["description"] == "The way in"
    assert [
        (each["environment"], each["value"], each["supplies"], each["message"])
        for each in found["layers"]
    ] == [
        ("prod", "p:${host}", True, "for prod"),
        ("base", "u:${db/password}@${host}", False, "first"),
    ]
    assert found["layers"][0]["revision"] == last["revision"]
    assert found["layers"][0]["author"] == "admin"
    assert [
        (each["reference"], each["environment"], each["origin"], each["value"])
        for each in found["references"]
    ] == [("${host}", "prod", "base", "h")]
    hidden = admin.get(f"{workspace.environment('staging')}/explain/url")
    assert (hidden.json()["value"], hidden.json()["secret"]) == ("******", True)
    assert "hunter2" not in hidden.text


def test_explain_what_is_archived_or_gone(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "a"), 1)
    admin.put(workspace.place("prod", "a"), 2, status="archived")
    found = admin.ok("GET", f"{workspace.environment('prod')}/explain/a")
    assert (found["served"], found["layers"][0]["supplies"]) == (False, True)
    remove(admin, workspace.place("prod", "a"))
    found = admin.ok("GET", f"{workspace.environment('prod')}/explain/a")
    assert (found["served"], found["origin"]) == (True, "base")
    assert [each["status"] for each in found["layers"]] == ["removed", "active"]


def test_history(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "a"), 1, message="one")
    admin.put(workspace.place("prod", "a"), 2, message="two")
    admin.put(workspace.place("prod", "a"), 3, status="deprecated", message="three")
    remove(admin, workspace.place("prod", "a"))
    path = f"{workspace.environment('prod')}/history/a"
    own = admin.ok("GET", path)["items"]
    assert [(each["version"], each["action"], each["status"], each["value"]) for each in own] == [
        (3, "remove", "removed", None),
        (2, "set", "deprecated", 3),
        (1, "set", "active", 2),
    ]
    assert [each["message"] for each in own] == ["", "three", "two"]
    line = admin.ok("GET", path, params={"inherited": True})["items"]
    assert [(each["environment"], each["version"]) for each in line] == [
        ("prod", 3), ("prod", 2), ("prod", 1), ("base", 1),
    ]  # fmt: skip


def test_history_pages_hold_every_version_once(workspace: Workspace, admin: Client) -> None:
    edits = [{"environment": each, "key": "a", "value": each} for each in ("base", "prod")]
    admin.ok(
        "POST",
        f"{workspace.path}/changes",
        json={"message": "both at once", "edits": edits, "action": "publish"},
    )
    path = f"{workspace.environment('prod')}/history/a"
    found: list[str] = []
    cursor: str | None = None
    while True:
        params = {"inherited": True, "limit": 1, **({} if cursor is None else {"cursor": cursor})}
        page = admin.ok("GET", path, params=params)
        found += [each["environment"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(found) == ["base", "prod"]


def test_rollback(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "inherited"), 1)
    admin.put(workspace.place("prod", "a"), 1)
    admin.put(workspace.place("prod", "removed"), "back")
    admin.put(workspace.place("prod", "archived"), 1)
    then = admin.put(workspace.place("prod", "secret"), "hunter2", secret=True)["revision"]
    admin.put(workspace.place("base", "inherited"), 2)
    admin.put(workspace.place("prod", "a"), 2)
    remove(admin, workspace.place("prod", "removed"))
    admin.ok(
        "PATCH",
        f"/config/{workspace.place('prod', 'archived')}",
        json={"status": "archived"},
        headers={"If-Match": "*"},
    )
    admin.put(workspace.place("prod", "new"), 1)
    admin.put(workspace.place("prod", "secret"), "other")
    before = workspace.revision()
    outcome = roll_back(admin, workspace, "prod", to=then, message="undo")
    assert outcome["revision"] == before + 1
    assert admin.values(workspace.place("prod")) == {
        "inherited": 2, "a": 1, "removed": "back", "archived": 1, "secret": "******",
    }  # fmt: skip
    revealed = admin.ok("POST", f"{workspace.environment('prod')}/reveal/secret", json={})
    assert revealed["value"] == "hunter2"
    row = admin.ok("GET", f"{workspace.path}/revisions/{outcome['revision']}")
    assert row["message"] == "undo"
    again = roll_back(admin, workspace, "prod", to=then)
    assert (again["changed"], again["revision"]) == (False, outcome["revision"])
    roll_back(admin, workspace, "prod", to=before)
    assert admin.values(workspace.place("prod")) == admin.values(workspace.place("prod"), at=before)


def test_rollback_of_some_keys(workspace: Workspace, admin: Client) -> None:
    for key in ("app/a", "app/b", "c"):
        admin.put(workspace.place("prod", key), 1)
    then = workspace.revision()
    for key in ("app/a", "app/b", "c"):
        admin.put(workspace.place("prod", key), 2)
    roll_back(admin, workspace, "prod", to=then, keys=["c"])
    assert admin.values(workspace.place("prod")) == {"app/a": 2, "app/b": 2, "c": 1}
    moment = admin.ok("GET", f"{workspace.path}/revisions/{then}")["published_at"]
    roll_back(admin, workspace, "prod", to=moment, prefix="app/")
    assert admin.values(workspace.place("prod")) == {"app/a": 1, "app/b": 1, "c": 1}


def test_rollback_where_approval_is_needed(
    protected: Workspace, admin: Client, reviewer: Client
) -> None:
    then = protected.revision()
    place = f"/config/{protected.place('prod', 'a')}"
    change = admin.ok("PUT", place, json={"value": 1})
    path = f"{protected.path}/changes/{change['id']}"
    reviewer.ok("POST", f"{path}/approve", json={})
    admin.ok("POST", f"{path}/publish", json={})
    answer = admin.post(f"{protected.environment('prod')}/rollback", {"to": then})
    assert (answer.status_code, answer.json()["status"]) == (202, "in_review")
    assert admin.value(protected.place("prod", "a")) == 1


def test_compaction_keeps_the_present_and_what_is_left(workspace: Workspace, admin: Client) -> None:
    revisions = [admin.put(workspace.place("base", "a"), value)["revision"] for value in range(5)]
    admin.put(workspace.place("base", "b"), "${a}")
    remove(admin, workspace.place("base", "b"))
    present = admin.values(workspace.place("base"))
    oldest = revisions[3]
    kept = {each: admin.values(workspace.place("base"), at=each) for each in revisions[3:]}
    done = admin.ok("POST", f"{workspace.path}/compact", json={"before": oldest})
    assert done == {"oldest_revision": oldest, "versions_deleted": 3}
    assert admin.values(workspace.place("base")) == present
    for revision, values in kept.items():
        assert admin.values(workspace.place("base"), at=revision) == values
    for revision in revisions[:3]:
        answer = admin.get(f"/config/{workspace.place('base')}", params={"at": revision})
        assert (answer.status_code, answer.json()["oldest_revision"]) == (410, oldest)
    versions = admin.ok("GET", f"{workspace.environment('base')}/history/a")["items"]
    assert [each["value"] for each in versions] == [4, 3]
    assert admin.ok("GET", workspace.path)["oldest_revision"] == oldest
    assert admin.post(f"{workspace.path}/compact", {"before": revisions[0]}).status_code == 410
    again = admin.ok("POST", f"{workspace.path}/compact", json={"before": oldest})
    assert again["versions_deleted"] == 0


@pytest.mark.parametrize("origin", ["own", "all"])
def test_listing_tells_status_and_origin(workspace: Workspace, admin: Client, origin: str) -> None:
    admin.put(workspace.place("base", "a"), 1, message="why", description="An a")
    admin.put(workspace.place("base", "b"), 1, status="deprecated")
    admin.put(workspace.place("prod", "c"), "hunter2", secret=True)
    path = f"{workspace.environment('prod')}/configurations"
    answer = admin.get(path, params={"origin": origin})
    found = {each["key"]: each for each in answer.json()["items"]}
    assert "hunter2" not in answer.text
    assert (found["c"]["value"], found["c"]["secret"], found["c"]["origin"]) == (
        "******", True, "prod",
    )  # fmt: skip
    if origin == "own":
        assert list(found) == ["c"]
        return
    assert list(found) == ["a", "b", "c"]
    assert (found["a"]["origin"], found["b"]["status"]) == ("base", "deprecated")
    assert (found["a"]["updated_by"], found["a"]["description"]) == ("admin", "An a")
    assert [
        each["key"] for each in admin.ok("GET", path, params={"status": "deprecated"})["items"]
    ] == ["b"]
