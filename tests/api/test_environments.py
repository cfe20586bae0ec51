"""Workspaces and environments: making, moving and removing them."""

import time

from central_config.core.ids import new_id
from tests.support.api import Client, Workspace


def test_environments_form_a_tree(workspace: Workspace, admin: Client) -> None:
    made = admin.post(
        f"{workspace.path}/environments",
        {"slug": "eu", "parent": "prod", "description": "Europe", "requires_approval": False},
    )
    assert made.status_code == 201
    assert made.headers["location"] == f"/api/v1{workspace.environment('eu')}"
    assert int(made.headers["config-revision"]) == workspace.revision()
    found = admin.ok("GET", f"{workspace.path}/environments")["items"]
    assert {each["slug"]: each["parent"] for each in found} == {
        "base": None, "staging": "base", "prod": "base", "eu": "prod",
    }  # fmt: skip
    admin.put(workspace.place("base", "a"), 1)
    assert admin.value(workspace.place("eu", "a")) == 1
    shown = admin.ok("GET", workspace.environment("eu"))
    assert (shown["description"], shown["requires_approval"]) == ("Europe", False)


def test_every_change_of_environments_is_a_revision(workspace: Workspace, admin: Client) -> None:
    before = workspace.revision()
    admin.ok("POST", f"{workspace.path}/environments", json={"slug": "qa"})
    admin.ok("PATCH", workspace.environment("qa"), json={"parent": "base"})
    admin.ok("DELETE", workspace.environment("qa"))
    rows = admin.ok("GET", f"{workspace.path}/revisions", params={"limit": 3})["items"]
    assert [each["revision"] for each in rows] == [before + 3, before + 2, before + 1]
    assert {each["kind"] for each in rows} == {"environments"}
    assert [each["message"] for each in rows] == [
        "Delete environment qa", "Change environment qa", "Create environment qa",
    ]  # fmt: skip


def test_moving_changes_what_is_inherited(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "a"), "base")
    admin.put(workspace.place("staging", "a"), "staging")
    admin.ok("PATCH", workspace.environment("prod"), json={"parent": "staging"})
    assert admin.value(workspace.place("prod", "a")) == "staging"
    admin.ok("PATCH", workspace.environment("prod"), json={"parent": None})
    assert admin.get(f"/config/{workspace.place('prod', 'a')}").status_code == 404
    admin.ok("PATCH", workspace.environment("prod"), json={"parent": "base"})
    assert admin.value(workspace.place("prod", "a")) == "base"


def test_description_leaves_the_parent_alone(workspace: Workspace, admin: Client) -> None:
    updated = admin.ok("PATCH", workspace.environment("prod"), json={"description": "Live"})
    assert (updated["description"], updated["parent"]) == ("Live", "base")


def test_nesting_has_a_limit(workspace: Workspace, admin: Client) -> None:
    parent = "prod"
    for depth in range(3, 9):
        body = {"slug": f"e{depth}", "parent": parent}
        admin.ok("POST", f"{workspace.path}/environments", json=body)
        parent = body["slug"]
    answer = admin.post(f"{workspace.path}/environments", {"slug": "e9", "parent": parent})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert "at most 8 deep" in answer.json()["detail"]
    answer = admin.request("PATCH", workspace.environment("base"), json={"parent": "staging"})
    assert answer.status_code == 422


def test_slug_of_a_deleted_environment_starts_anew(workspace: Workspace, admin: Client) -> None:
    old = admin.put(workspace.place("prod", "a"), "old")["revision"]
    admin.ok("DELETE", workspace.environment("prod"))
    assert admin.get(workspace.environment("prod")).json()["code"] == "environment-not-found"
    admin.ok("POST", f"{workspace.path}/environments", json={"slug": "prod"})
    assert admin.values(workspace.place("prod")) == {}
    admin.put(workspace.place("prod", "a"), "new")
    assert admin.value(workspace.place("prod", "a")) == "new"
    assert admin.value(workspace.place("prod", "a"), at=old) == "old"


def test_protection_can_be_switched_on_and_off(workspace: Workspace, admin: Client) -> None:
    place = f"/config/{workspace.place('prod', 'a')}"
    admin.ok("PATCH", workspace.environment("prod"), json={"requires_approval": True})
    assert admin.request("PUT", place, json={"value": 1}).status_code == 202
    admin.ok("PATCH", workspace.environment("prod"), json={"requires_approval": False})
    assert admin.request("PUT", place, json={"value": 1}).status_code == 201


def test_workspace_from_its_making_to_its_end(admin: Client) -> None:
    slug = f"w{new_id().hex[-12:]}"
    made = admin.post("/workspaces", {"slug": slug, "name": "Shop", "description": "Sells"})
    assert made.status_code == 201
    assert made.headers["location"] == f"/api/v1/workspaces/{slug}"
    assert (made.json()["revision"], made.json()["oldest_revision"]) == (0, 0)
    admin.ok("PATCH", f"/workspaces/{slug}", json={"name": "The shop"})
    shown = admin.ok("GET", f"/workspaces/{slug}")
    assert (shown["name"], shown["description"]) == ("The shop", "Sells")
    admin.ok("DELETE", f"/workspaces/{slug}")
    until = time.monotonic() + 10
    while admin.get(f"/workspaces/{slug}").status_code != 404:
        assert time.monotonic() < until, "a deleted workspace is still shown"
        time.sleep(0.1)
    assert slug not in [
        each["slug"] for each in admin.ok("GET", "/workspaces", params={"limit": 1000})["items"]
    ]


def test_people_see_the_workspaces_they_have_a_role_in(
    workspace: Workspace, admin: Client, viewer: Client, outsider: Client
) -> None:
    params = {"limit": 1000}
    for client in (admin, viewer):
        found = client.ok("GET", "/workspaces", params=params)["items"]
        assert workspace.slug in [each["slug"] for each in found]
    assert outsider.ok("GET", "/workspaces", params=params)["items"] == []
