"""Nothing reaches the readers of a protected environment that somebody else did not approve."""

from collections.abc import Iterator

import pytest

from tests.support.api import ApiProcess, Client, Workspace


@pytest.fixture
def bob(protected: Workspace, admin: Client, server: ApiProcess) -> Iterator[Client]:
    """Somebody who may write, review and create keys in the workspace."""
    name, password = f"bob-{protected.slug}", "a password of bob's"
    body = {"username": name, "email": f"{name}@example.com", "password": password}
    admin.ok("POST", "/users", json=body)
    roles = [{"role": "configuration-manager", "workspace": protected.slug}]
    admin.ok("PUT", f"/users/{name}/roles", json={"roles": roles})
    client = server.sign_in(name, password)
    if client.ok("GET", "/me").get("must_change_password"):
        change = {"current_password": password, "new_password": password + "!"}
        client.ok("POST", "/me/password", json=change)
    yield client
    client.close()


def test_a_reference_into_a_protected_environment_counts(
    protected: Workspace, admin: Client, bob: Client
) -> None:
    bob.put(protected.place("staging", "x"), "good")
    waiting = bob.request(
        "PUT", f"/config/{protected.place('prod', 'y')}", json={"value": "${env:staging/x}"}
    )
    assert waiting.status_code == 202
    path = f"{protected.path}/changes/{waiting.json()['id']}"
    admin.ok("POST", f"{path}/approve", json={})
    admin.ok("POST", f"{path}/publish", json={})
    changed = bob.request(
        "PUT",
        f"/config/{protected.place('staging', 'x')}",
        json={"value": "EVIL"},
        headers={"If-Match": "*"},
    )
    assert changed.status_code == 202
    assert admin.value(protected.place("prod", "y")) == "good"
    # What prod does not see needs nobody's approval.
    bob.put(protected.place("staging", "z"), 1)


def test_what_a_protected_environment_overrides_needs_no_approval(
    protected: Workspace, admin: Client, bob: Client
) -> None:
    held = bob.request("PUT", f"/config/{protected.place('prod', 'k')}", json={"value": 1}).json()
    path = f"{protected.path}/changes/{held['id']}"
    admin.ok("POST", f"{path}/approve", json={})
    admin.ok("POST", f"{path}/publish", json={})
    answer = bob.request("PUT", f"/config/{protected.place('base', 'k')}", json={"value": 2})
    assert answer.status_code == 201
    assert admin.value(protected.place("prod", "k")) == 1


def test_ones_own_key_does_not_make_one_somebody_else(
    protected: Workspace, server: ApiProcess, bob: Client
) -> None:
    body = {"name": "ci", "workspace": protected.slug, "access": "write", "secrets": False}
    key = server.with_token(bob.ok("POST", "/keys", json=body)["token"])
    waiting = key.request("PUT", f"/config/{protected.place('prod', 'k')}", json={"value": "EVIL"})
    key.close()
    assert waiting.status_code == 202
    answer = bob.post(f"{protected.path}/changes/{waiting.json()['id']}/approve")
    assert (answer.status_code, answer.json()["code"]) == (403, "own-change")


def test_approving_names_what_was_looked_at(
    protected: Workspace, admin: Client, bob: Client
) -> None:
    waiting = bob.request("PUT", f"/config/{protected.place('prod', 'k')}", json={"value": 1})
    path = f"{protected.path}/changes/{waiting.json()['id']}"
    seen = admin.ok("GET", path)["edition"]
    edits = [{"environment": "prod", "key": "k", "value": "EVIL"}]
    bob.ok("PATCH", path, json={"edits": edits})
    bob.ok("POST", f"{path}/submit")
    answer = admin.post(f"{path}/approve", {"edition": seen})
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong-state")
    admin.ok("POST", f"{path}/approve", json={"edition": answer.json()["edition"]})


def test_moving_a_protected_environment_needs_its_protection_off(
    protected: Workspace, admin: Client
) -> None:
    admin.ok("POST", f"{protected.path}/environments", json={"slug": "lab", "parent": "base"})
    admin.put(protected.place("lab", "k"), "lab's")
    answer = admin.request("PATCH", protected.environment("prod"), json={"parent": "lab"})
    assert (answer.status_code, answer.json()["code"]) == (409, "approval-required")
    admin.ok("PATCH", protected.environment("prod"), json={"requires_approval": False})
    admin.ok("PATCH", protected.environment("prod"), json={"parent": "lab"})
    assert admin.value(protected.place("prod", "k")) == "lab's"


def test_large_values_named_many_times_are_refused_at_once(
    workspace: Workspace, admin: Client
) -> None:
    admin.put(workspace.place("base", "a"), "x" * 500_000)
    body = {"value": "${a}" * 600}
    answer = admin.request("PUT", f"/config/{workspace.place('base', 'b')}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "value-too-large")


def test_values_do_not_nest_deeper_by_reference(workspace: Workspace, admin: Client) -> None:
    def nested(depth: int, inner: object) -> object:
        for _ in range(depth):
            inner = [inner]
        return inner

    admin.put(workspace.place("base", "r0"), nested(60, 1))
    body = {"value": nested(60, "${r0}")}
    answer = admin.request("PUT", f"/config/{workspace.place('base', 'r1')}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "reference-type")


def test_removing_does_not_make_a_secret(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "pw"), "shown")
    admin.put(workspace.place("prod", "pw"), "shown too")
    edits = [{"environment": "prod", "key": "pw", "action": "remove", "secret": True}]
    admin.ok("POST", f"{workspace.path}/changes", json={"edits": edits, "action": "draft"})
    body = {"edits": edits, "action": "publish", "base_revision": workspace.revision()}
    admin.ok("POST", f"{workspace.path}/changes", json=body)
    assert admin.ok("GET", f"{workspace.path}/keys/pw")["secret"] is False
    assert admin.value(workspace.place("base", "pw")) == "shown"


def test_descriptions_survive_a_mark(workspace: Workspace, admin: Client) -> None:
    edits = [
        {"environment": "base", "key": "k", "value": 1, "description": "IMPORTANT"},
        {"environment": "staging", "key": "k", "value": 2, "secret": True},
    ]
    admin.ok("POST", f"{workspace.path}/changes", json={"edits": edits, "action": "publish"})
    assert admin.ok("GET", f"{workspace.path}/keys/k")["description"] == "IMPORTANT"
