"""What callers with few rights cannot learn: beyond a key's scope, and what a secret holds."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from central_config.core.ids import new_id
from tests.api.conftest import person
from tests.support.api import ApiProcess, Client, Workspace

WithKey = Callable[..., Client]

PIN = "4711-hunter2"
GUESS = "1234-hunter2"


@pytest.fixture
def with_key(server: ApiProcess, workspace: Workspace) -> Iterator[WithKey]:
    """Makes clients with API keys of the workspace."""
    with ExitStack() as clients:

        def make(**more: Any) -> Client:
            client = server.with_token(workspace.key(**more))
            clients.callback(client.close)
            return client

        yield make


@pytest.fixture
def schemer(server: ApiProcess, admin: Client) -> Iterator[Client]:
    """Somebody who may keep schema rules and reveal nothing."""
    client = person(server, admin, (role(admin, "config.read", "schema.manage"), None))
    yield client
    client.close()


def role(admin: Client, *permissions: str) -> str:
    name = f"r{new_id().hex[-12:]}"
    body = {"name": name, "description": "", "permissions": ["workspace.read", *permissions]}
    admin.ok("POST", "/roles", json=body)
    return name


def shown(answer: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(each["environment"], each["value"]) for each in answer["items"]]


# Environments and prefixes


def test_deleted_environment_stays_out_of_scope(
    workspace: Workspace, admin: Client, with_key: WithKey
) -> None:
    admin.ok("POST", f"{workspace.path}/environments", json={"slug": "old"})
    inside = admin.put(workspace.place("old", "app/host"), "private-host")["revision"]
    outside = admin.put(workspace.place("old", "db/host"), "private-db")["revision"]
    staging = with_key(environments=["staging"])
    prefixed = with_key(key_prefix="app/")

    def seen(client: Client, revision: int) -> list[str]:
        found = client.ok("GET", f"{workspace.path}/revisions/{revision}")
        return [each["value"] for each in found["versions"]]

    for _ in range(2):
        assert [seen(staging, each) for each in (inside, outside)] == [[], []]
        assert [seen(prefixed, each) for each in (inside, outside)] == [["private-host"], []]
        assert seen(admin, outside) == ["private-db"]
        if admin.get(workspace.environment("old")).status_code == 200:
            admin.ok("DELETE", workspace.environment("old"))
    # Another environment of the same name is another environment.
    admin.ok("POST", f"{workspace.path}/environments", json={"slug": "old"})
    again = with_key(environments=["old"])
    assert seen(again, inside) == []


def test_explain_keeps_what_a_parent_holds(
    workspace: Workspace, admin: Client, with_key: WithKey
) -> None:
    admin.put(workspace.place("base", "app/q"), "base-only", message="said in base")
    admin.put(workspace.place("staging", "app/q"), "mine")
    admin.put(workspace.place("base", "app/s"), "inherited")
    admin.put(workspace.place("base", "app/r"), "r:${app/s}", message="said in base")
    admin.put(workspace.place("prod", "hidden"), "of-prod")
    admin.put(workspace.place("staging", "app/t"), "${app/s}, ${env:prod/hidden}")
    staging = with_key(environments=["staging"])

    def explain(client: Client, key: str) -> Any:
        return client.ok("GET", f"{workspace.environment('staging')}/explain/{key}")

    overridden = explain(staging, "app/q")
    assert [(each["environment"], each["value"]) for each in overridden["layers"]] == [
        ("staging", "mine")
    ]
    inherited = explain(staging, "app/r")
    assert (inherited["value"], inherited["origin"]) == ("r:inherited", "base")
    [layer] = inherited["layers"]
    assert (layer["environment"], layer["supplies"]) == ("base", True)
    assert {layer[name] for name in ("value", "author", "message", "published_at")} == {None}
    assert inherited["references"] == []
    mixed = explain(staging, "app/t")
    assert mixed["value"] == "inherited, of-prod"
    assert [each["key"] for each in mixed["references"]] == ["app/s"]
    assert len(explain(admin, "app/q")["layers"]) == 2
    assert [each["key"] for each in explain(admin, "app/t")["references"]] == ["app/s", "hidden"]


def test_explain_keeps_that_a_parent_held_something(
    workspace: Workspace, admin: Client, with_key: WithKey
) -> None:
    place = workspace.place("base", "gone")
    admin.put(place, "base-only")
    admin.ok("DELETE", f"/config/{place}", headers={"If-Match": "*"})
    staging = with_key(environments=["staging"])
    path = f"{workspace.environment('staging')}/explain"
    assert admin.get(f"{path}/gone").status_code == 200
    never = staging.get(f"{path}/never").json()
    gone = staging.get(f"{path}/gone").json()
    assert (gone["status"], gone["code"]) == (404, "key-not-found")
    assert gone["detail"] == never["detail"].replace("never", "gone")


def test_history_keeps_what_a_parent_held(
    workspace: Workspace, admin: Client, with_key: WithKey
) -> None:
    admin.put(workspace.place("base", "app/q"), "base-only")
    admin.put(workspace.place("staging", "app/q"), "mine")
    admin.put(workspace.place("base", "app/r"), "base-only")
    path = f"{workspace.environment('staging')}/history"
    params = {"inherited": "true"}
    staging = with_key(environments=["staging"])
    both = with_key(environments=["staging", "base"])
    whole = [("staging", "mine"), ("base", "base-only")]
    assert shown(staging.ok("GET", f"{path}/app/q", params=params)) == whole[:1]
    assert shown(both.ok("GET", f"{path}/app/q", params=params)) == whole
    assert shown(admin.ok("GET", f"{path}/app/q", params=params)) == whole
    assert staging.get(f"{path}/app/r", params=params).json()["code"] == "key-not-found"


def test_import_cannot_probe_beyond_the_scope(
    workspace: Workspace, admin: Client, with_key: WithKey
) -> None:
    admin.put(workspace.place("prod", "internal/host"), "private-host")
    key = with_key(access="write", key_prefix="app/")
    path = f"{workspace.environment('prod')}/import?format=json"
    answers = [
        key.request("POST", path, content=f'{{"internal/host": "{value}"}}').json()
        for value in ("private-host", "another-host")
    ]
    assert [each["code"] for each in answers] == ["permission-denied"] * 2


# Secrets


def test_rule_cannot_probe_a_secret(workspace: Workspace, admin: Client, schemer: Client) -> None:
    admin.put(workspace.place("base", "pin"), PIN, secret=True)
    admin.put(workspace.place("base", "door"), "d:${pin}")
    admin.put(workspace.place("base", "port"), "p")
    path = f"{workspace.path}/schemas"

    def outcome(client: Client, pattern: str, begin: str, mode: str) -> Any:
        schema = {"type": "string", "pattern": begin}
        body = {"name": f"s{new_id().hex[-12:]}", "pattern": pattern, "schema": schema}
        tried = client.ok("POST", f"{path}/check", json={"pattern": pattern, "schema": schema})
        saved = client.post(path, {**body, "mode": mode})
        found = saved.json()
        if saved.status_code == 201:
            assert found["count"] == tried["count"]
            client.ok("DELETE", f"{path}/{body['name']}")
        return saved.status_code, found.get("count"), found.get("detail")

    for pattern in ("pin", "door"):
        for mode, status in (("warn", 201), ("enforce", 403)):
            right = outcome(schemer, pattern, "4711", mode)
            assert right == outcome(schemer, pattern, "^x", mode)
            assert right[0] == status
    assert "secret.reveal" in outcome(schemer, "pin", "4711", "enforce")[2]
    assert outcome(schemer, "**", "^x", "warn")[:2] == (201, 3)  # `port`, thrice
    assert outcome(schemer, "port", "^p", "enforce")[:2] == (201, 0)
    assert outcome(admin, "pin", "^x", "warn")[:2] == (201, 3)
    assert outcome(admin, "pin", "^x", "enforce")[0] == 422
    assert outcome(admin, "pin", "^4711", "enforce")[0] == 201
    # Nor by changing a rule that is there.
    body = {"name": "kept", "pattern": "pin", "schema": {"pattern": "^4711"}, "mode": "enforce"}
    admin.ok("POST", path, json=body)
    for begin in ("^4711", "^x"):
        changed = schemer.request("PUT", f"{path}/kept", json={"schema": {"pattern": begin}})
        assert changed.json()["code"] == "permission-denied"
    assert schemer.ok("PUT", f"{path}/kept", json={"mode": "warn"})["count"] == 0


def test_import_cannot_probe_a_secret(
    workspace: Workspace, admin: Client, with_key: WithKey
) -> None:
    admin.put(workspace.place("prod", "pin"), PIN, secret=True)
    admin.put(workspace.place("prod", "port"), 80)
    path = f"{workspace.environment('prod')}/import?format=json"

    def imported(client: Client, value: str) -> Any:
        return client.request("POST", path, content=f'{{"pin": "{value}", "port": 80}}').json()

    def told(answer: dict[str, Any]) -> Any:
        return {
            name: value for name, value in answer.items() if name not in {"change", "request_id"}
        }

    writer = with_key(access="write")
    right, wrong = imported(writer, PIN), imported(writer, GUESS)
    assert told(right) == told(wrong)
    assert right["unchanged"] == 1
    knows = with_key(access="write", secrets=True)
    for client in (admin, knows):
        assert imported(client, PIN)["unchanged"] == 2
        assert imported(client, GUESS)["unchanged"] == 1


def test_compare_cannot_probe_a_secret(
    workspace: Workspace, admin: Client, viewer: Client, with_key: WithKey
) -> None:
    admin.put(workspace.place("base", "pin"), "of-base", secret=True)
    admin.put(workspace.place("base", "url"), "u:${pin}")
    before = workspace.revision()
    admin.put(workspace.place("prod", "pin"), PIN)
    path = f"{workspace.path}/compare"
    knows, writer = with_key(secrets=True), with_key(access="write")

    def changed(client: Client, left: str = "staging", right: str = "prod") -> list[str]:
        found = client.ok("GET", path, params={"left": left, "right": right})
        assert {each["kind"] for each in found["items"]} <= {"changed"}
        return [each["key"] for each in found["items"]]

    for value in (GUESS, PIN):
        writer.put(workspace.place("staging", "pin"), value)
        for client in (viewer, writer):
            assert changed(client) == ["pin", "url"]
        for client in (admin, knows):
            assert changed(client) == (["pin", "url"] if value == GUESS else [])
    # What comes from the same place is the same, and said to be.
    assert changed(viewer, "base", f"staging@{before}") == []
    assert changed(viewer, f"staging@{before}", f"prod@{before}") == []
    assert changed(viewer, f"prod@{before}", "prod") == ["pin", "url"]
    admin.put(workspace.place("base", "plain"), 1)
    admin.put(workspace.place("prod", "plain"), 1)
    assert changed(viewer) == ["pin", "url"]


def test_diff_cannot_probe_a_secret(workspace: Workspace, admin: Client, viewer: Client) -> None:
    start = admin.put(workspace.place("prod", "pin"), PIN, secret=True)["revision"]
    admin.put(workspace.place("prod", "pin"), GUESS)
    back = admin.put(workspace.place("prod", "pin"), PIN)["revision"]
    path = f"{workspace.environment('prod')}/diff"

    def kinds(client: Client, since: int) -> list[tuple[str, Any]]:
        found = client.ok("GET", path, params={"from": since})
        return [(each["kind"], each["after"]) for each in found["items"]]

    assert kinds(viewer, start) == [("changed", "******")]
    assert kinds(admin, start) == []
    assert kinds(viewer, back) == []


# The smaller things


def test_description_of_a_key_can_be_cleared(workspace: Workspace, admin: Client) -> None:
    path = f"{workspace.path}/keys/app/name"
    assert admin.ok("PATCH", path, json={"description": "first"})["description"] == "first"
    assert admin.ok("PATCH", path, json={"description": None})["description"] == "first"
    assert admin.ok("PATCH", path, json={"description": ""})["description"] == ""
    assert admin.ok("GET", path)["description"] == ""


def test_key_asked_for_twice_is_answered_once(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "q"), "only-once")
    answer = admin.get(f"/config/{workspace.place('base')}?key=q&key=q")
    assert answer.json()["values"] == {"q": "only-once"}
    assert answer.text.count("only-once") == 1
