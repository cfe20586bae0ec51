"""From a wish to a revision: drafts, review, approval, conflicts."""

from typing import Any

import pytest

from tests.support.api import Client, Workspace


def create(
    admin: Client, workspace: Workspace, *edits: dict[str, Any], action: str = "draft", **more: Any
) -> dict[str, Any]:
    body = {"message": "m", "edits": list(edits), "action": action, **more}
    return dict(admin.ok("POST", f"{workspace.path}/changes", json=body))


def edit(environment: str, key: str, value: Any = 1, **more: Any) -> dict[str, Any]:
    return {"environment": environment, "key": key, "value": value, **more}


def step(client: Client, workspace: Workspace, change: dict[str, Any], name: str) -> dict[str, Any]:
    path = f"{workspace.path}/changes/{change['id']}/{name}"
    return dict(client.ok("POST", path, json={}))


def show(client: Client, workspace: Workspace, change: dict[str, Any]) -> dict[str, Any]:
    return dict(client.ok("GET", f"{workspace.path}/changes/{change['id']}"))


def test_review_from_draft_to_revision(
    protected: Workspace, admin: Client, reviewer: Client
) -> None:
    place = protected.place("prod")
    draft = create(admin, protected, edit("prod", "a"), edit("prod", "b", {"x": [1]}))
    assert (draft["status"], draft["author"], draft["edit_count"]) == ("draft", "admin", 2)
    assert admin.values(place) == {}
    submitted = step(admin, protected, draft, "submit")
    assert submitted["status"] == "in_review"
    assert submitted["submitted_at"] is not None
    approved = step(reviewer, protected, draft, "approve")
    assert approved["status"] == "approved"
    assert approved["decided_by"] != "admin"
    assert admin.values(place) == {}
    published = step(admin, protected, draft, "publish")
    assert published["changed"] is True
    assert published["revision"] == protected.revision()
    assert admin.values(place) == {"a": 1, "b": {"x": [1]}}
    shown = show(admin, protected, draft)
    assert (shown["status"], shown["revision"]) == ("published", published["revision"])
    assert {each["key"]: each["version"] for each in shown["versions"]} == {"a": 1, "b": 1}
    actions = [
        each["action"]
        for each in admin.ok("GET", "/audit", params={"workspace": protected.slug})["items"]
    ]
    assert actions[:4] == [
        "change.published",
        "change.approved",
        "change.submitted",
        "change.drafted",
    ]


def test_edits_and_rebase_take_an_approval_back(
    protected: Workspace, admin: Client, reviewer: Client
) -> None:
    change = create(admin, protected, edit("prod", "a"), action="submit")
    assert step(reviewer, protected, change, "approve")["status"] == "approved"
    path = f"{protected.path}/changes/{change['id']}"
    revised = admin.ok("PATCH", path, json={"edits": [edit("prod", "a", 2)]})
    assert (revised["status"], revised["decided_by"]) == ("draft", None)
    assert admin.post(f"{path}/publish").json()["code"] == "approval-required"
    step(admin, protected, change, "submit")
    step(reviewer, protected, change, "approve")
    assert step(admin, protected, change, "rebase")["status"] == "draft"
    step(admin, protected, change, "submit")
    step(reviewer, protected, change, "approve")
    step(admin, protected, change, "publish")
    assert admin.value(protected.place("prod", "a")) == 2


def test_rejected_is_the_end(protected: Workspace, admin: Client, reviewer: Client) -> None:
    change = create(admin, protected, edit("prod", "a"), action="submit")
    path = f"{protected.path}/changes/{change['id']}"
    rejected = reviewer.ok("POST", f"{path}/reject", json={"comment": "not now"})
    assert (rejected["status"], rejected["comment"]) == ("rejected", "not now")
    for name in ("submit", "publish", "rebase", "reject"):
        assert admin.post(f"{path}/{name}").json()["code"] == "wrong-state"
    assert admin.request("PATCH", path, json={"message": "x"}).json()["code"] == "wrong-state"
    assert show(admin, protected, change)["edits"][0]["key"] == "a"


def test_author_withdraws(protected: Workspace, admin: Client) -> None:
    change = create(admin, protected, edit("prod", "a"), action="submit")
    assert step(admin, protected, change, "reject")["status"] == "rejected"


def test_a_parent_of_a_protected_environment_is_protected(
    protected: Workspace, admin: Client, reviewer: Client
) -> None:
    answer = admin.request(
        "PUT", f"/config/{protected.place('base', 'a')}", json={"value": 1}, headers={}
    )
    assert answer.status_code == 202
    change = answer.json()
    assert change["status"] == "in_review"
    assert admin.values(protected.place("staging")) == {}
    step(reviewer, protected, change, "approve")
    step(reviewer, protected, change, "publish")
    assert admin.values(protected.place("prod")) == {"a": 1}
    admin.put(protected.place("staging", "a"), 2)  # a sibling is not
    assert admin.value(protected.place("staging", "a")) == 2


def test_one_edit_of_a_protected_environment_puts_the_whole_change_to_review(
    protected: Workspace, admin: Client
) -> None:
    body = {
        "message": "m",
        "action": "publish",
        "edits": [edit("staging", "a"), edit("prod", "a")],
    }
    answer = admin.post(f"{protected.path}/changes", body)
    assert (answer.status_code, answer.json()["status"]) == (202, "in_review")
    assert admin.values(protected.place("staging")) == {}


def test_conflict_then_rebase(workspace: Workspace, admin: Client) -> None:
    place = workspace.place("base", "a")
    admin.put(place, "first")
    change = create(admin, workspace, edit("base", "a", "mine"), edit("base", "b", 1))
    admin.put(place, "theirs")
    path = f"{workspace.path}/changes/{change['id']}"
    refused = admin.post(f"{path}/publish")
    assert (refused.status_code, refused.json()["code"]) == (409, "change-conflict")
    assert [each["key"] for each in refused.json()["conflicts"]] == ["a"]
    edits = {each["key"]: each for each in show(admin, workspace, change)["edits"]}
    assert (edits["a"]["conflict"], edits["b"]["conflict"]) == (True, False)
    assert (edits["a"]["before"], edits["a"]["value"]) == ("theirs", "mine")
    assert admin.values(workspace.place("base")) == {"a": "theirs"}
    step(admin, workspace, change, "rebase")
    step(admin, workspace, change, "publish")
    assert admin.values(workspace.place("base")) == {"a": "mine", "b": 1}


def test_conflict_with_a_value_that_changed_in_a_parent(
    workspace: Workspace, admin: Client
) -> None:
    admin.put(workspace.place("base", "a"), 1)
    change = create(admin, workspace, edit("prod", "a", 2))
    admin.put(workspace.place("base", "a"), 3)
    answer = admin.post(f"{workspace.path}/changes/{change['id']}/publish")
    assert answer.json()["code"] == "change-conflict"


def test_change_of_many_environments_is_one_revision(workspace: Workspace, admin: Client) -> None:
    before = workspace.revision()
    outcome = create(
        admin,
        workspace,
        edit("base", "host", "b"),
        edit("base", "url", "${host}/"),
        edit("prod", "host", "p"),
        action="publish",
    )
    assert outcome["revision"] == before + 1 == workspace.revision()
    assert admin.value(workspace.place("prod", "url")) == "p/"
    shown = admin.ok("GET", f"{workspace.path}/revisions/{outcome['revision']}")
    assert [(each["environment"], each["key"]) for each in shown["versions"]] == [
        ("base", "host"),
        ("prod", "host"),
        ("base", "url"),
    ]


def test_what_is_so_already_takes_no_revision(workspace: Workspace, admin: Client) -> None:
    first = admin.put(workspace.place("base", "a"), {"x": 1, "y": 2})
    again = admin.put(workspace.place("base", "a"), {"x": 1, "y": 2})
    assert (again["changed"], again["revision"], again["version"]) == (False, first["revision"], 1)
    assert again["change"] is None


def test_draft_gathers_edits_piece_by_piece(workspace: Workspace, admin: Client) -> None:
    change = create(admin, workspace, edit("base", "a"))
    path = f"{workspace.path}/changes/{change['id']}"
    more = admin.ok("POST", f"{path}/edits", json={"edits": [edit("base", "b"), edit("prod", "a")]})
    assert more["edit_count"] == 3
    drafts = admin.ok(
        "GET", f"{workspace.environment('base')}/configurations", params={"status": "draft"}
    )
    assert [each["key"] for each in drafts["items"]] == ["a", "b"]
    step(admin, workspace, change, "publish")
    assert admin.values(workspace.place("base")) == {"a": 1, "b": 1}


def test_drafts_of_a_rejected_change_are_listed_no_more(
    workspace: Workspace, admin: Client
) -> None:
    change = create(admin, workspace, edit("base", "a"))
    listing = f"{workspace.environment('base')}/configurations"
    assert len(admin.ok("GET", listing, params={"status": "draft"})["items"]) == 1
    step(admin, workspace, change, "reject")
    assert admin.ok("GET", listing, params={"status": "draft"})["items"] == []


@pytest.mark.parametrize(
    ("status", "expected"), [("open", 2), ("draft", 1), ("in_review", 1), ("published", 1)]
)
def test_list_by_status(workspace: Workspace, admin: Client, status: str, expected: int) -> None:
    create(admin, workspace, edit("base", "a"))
    create(admin, workspace, edit("base", "b"), action="submit")
    admin.put(workspace.place("base", "c"), 1)
    found = admin.ok("GET", f"{workspace.path}/changes", params={"status": status})["items"]
    assert len(found) == expected
    mine = {"status": status, "author": "nobody"}
    assert admin.ok("GET", f"{workspace.path}/changes", params=mine)["items"] == []


def test_secret_in_a_draft_is_never_shown(workspace: Workspace, admin: Client) -> None:
    change = create(admin, workspace, edit("base", "p", "hunter2", secret=True))
    answer = admin.get(f"{workspace.path}/changes/{change['id']}")
    assert "hunter2" not in answer.text
    assert answer.json()["edits"][0]["value"] == "******"
    step(admin, workspace, change, "publish")
    answer = admin.get(f"{workspace.path}/changes/{change['id']}")
    assert "hunter2" not in answer.text
    assert admin.value(workspace.place("base", "p")) == "******"


def test_deprecate_archive_and_bring_back(workspace: Workspace, admin: Client) -> None:
    place = workspace.place("base", "a")
    admin.put(place, 1)
    patch = {"headers": {"If-Match": "*"}}
    admin.ok("PATCH", f"/config/{place}", json={"status": "deprecated"}, **patch)
    read = admin.ok("GET", f"/config/{workspace.place('prod')}")
    assert (read["values"], read["deprecated"]) == ({"a": 1}, ["a"])
    admin.ok("PATCH", f"/config/{place}", json={"status": "archived"}, **patch)
    assert admin.values(workspace.place("prod")) == {}
    admin.ok("PATCH", f"/config/{place}", json={"status": "active"}, **patch)
    assert admin.values(workspace.place("prod")) == {"a": 1}


def test_archived_masks_what_the_parent_holds(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "a"), 1)
    admin.put(workspace.place("prod", "a"), 2, status="archived")
    assert admin.get(f"/config/{workspace.place('prod', 'a')}").status_code == 404
    assert admin.values(workspace.place("prod")) == {}
    assert admin.value(workspace.place("staging", "a")) == 1
    listing = f"{workspace.environment('prod')}/configurations"
    archived = admin.ok("GET", listing, params={"status": "archived"})["items"]
    assert [(each["key"], each["origin"]) for each in archived] == [("a", "prod")]
    headers = {"If-Match": "*"}
    admin.ok("DELETE", f"/config/{workspace.place('prod', 'a')}", headers=headers)
    assert admin.value(workspace.place("prod", "a")) == 1


def test_write_with_the_revision_that_was_read(workspace: Workspace, admin: Client) -> None:
    place = f"/config/{workspace.place('base', 'a')}"
    created = admin.request("PUT", place, json={"value": 1}, headers={"If-None-Match": "*"})
    assert created.status_code == 201
    etag = admin.get(place).headers["etag"]
    updated = admin.request("PUT", place, json={"value": 2}, headers={"If-Match": etag})
    assert (updated.status_code, updated.json()["version"]) == (200, 2)
    assert updated.headers["etag"] == f'"{updated.json()["revision"]}"'
    late = admin.request("PUT", place, json={"value": 3}, headers={"If-Match": etag})
    assert (late.status_code, late.json()["current_revision"]) == (412, updated.json()["revision"])


@pytest.mark.parametrize("headers", [{}, {"If-None-Match": "*"}])
def test_conditions_hold_where_approval_is_needed(
    protected: Workspace, admin: Client, reviewer: Client, headers: dict[str, str]
) -> None:
    change = create(admin, protected, edit("prod", "a"), action="submit")
    step(reviewer, protected, change, "approve")
    step(admin, protected, change, "publish")
    place = f"/config/{protected.place('prod', 'a')}"
    answer = admin.request("PUT", place, json={"value": 2}, headers=headers)
    assert answer.status_code in {412, 428}, answer.text


def test_values_too_deep_together_are_refused_and_stop_nobody(workspace: Workspace) -> None:
    def nested(value: object) -> object:
        for _ in range(90):
            value = [value]
        return value

    edits = [
        {
            "environment": "base",
            "key": f"deep/k{number}",
            "action": "set",
            "value": nested(f"${{deep/k{number + 1}}}" if number < 29 else 1),
        }
        for number in range(30)
    ]
    body = {"message": "deep", "edits": edits, "action": "publish"}
    for _ in range(8):  # which of them is met first is left to chance
        answer = workspace.admin.post(f"{workspace.path}/changes", json=body)
        assert answer.status_code == 422
        assert answer.json()["code"] in {"reference-type", "reference-cycle", "value-too-large"}
        assert answer.json()["detail"].startswith("base:deep/k0 "), answer.json()
    assert workspace.admin.values(workspace.place("base")) == {}
    workspace.admin.put(workspace.place("base", "after"), 1)
