"""Schema rules: tried, warned of, enforced."""

import socket
import threading
import time
from typing import Any

from tests.support.api import Client, Workspace

PORT = {"type": "integer", "minimum": 1, "maximum": 65535}


def save(admin: Client, workspace: Workspace, **members: Any) -> Any:
    body = {"name": "rule", "pattern": "**/port", "schema": PORT, **members}
    return admin.ok("POST", f"{workspace.path}/schemas", json=body)


def test_from_a_warning_to_a_refusal(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "db/port"), 0)
    admin.put(workspace.place("base", "web/port"), 80)
    trial = admin.ok(
        "POST",
        f"{workspace.path}/schemas/check",
        json={"pattern": "**/port", "schema": PORT},
    )
    broken = {(each["environment"], each["key"]) for each in trial["violations"]}
    assert broken == {(each, "db/port") for each in ("base", "staging", "prod")}
    assert trial["count"] == 3
    assert admin.ok("GET", f"{workspace.path}/schemas")["items"] == []
    saved = save(admin, workspace)
    assert (saved["count"], saved["rule"]["mode"]) == (3, "warn")
    outcome = admin.put(workspace.place("prod", "db/port"), 70000)
    assert len(outcome["warnings"]) == 1
    assert "prod:db/port" in outcome["warnings"][0]
    path = f"{workspace.path}/schemas/rule"
    refused = admin.request("PUT", path, json={"mode": "enforce"})
    assert (refused.status_code, refused.json()["violations"]) == (422, 3)
    admin.put(workspace.place("base", "db/port"), 5432)
    admin.put(workspace.place("prod", "db/port"), 5433)
    assert admin.ok("PUT", path, json={"mode": "enforce"})["count"] == 0
    refused = admin.request(
        "PUT",
        f"/config/{workspace.place('base', 'db/port')}",
        json={"value": "many"},
        headers={"If-Match": "*"},
    )
    assert refused.json()["code"] == "schema-violation"
    assert admin.value(workspace.place("staging", "db/port")) == 5432
    admin.ok("DELETE", path)
    admin.put(workspace.place("base", "db/port"), "many")
    assert admin.get(path).status_code == 404


def test_rule_is_kept_as_it_was_sent(workspace: Workspace, admin: Client) -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"enum": [1, None, "x"]}}}
    save(admin, workspace, pattern="app/*", schema=schema)
    assert admin.ok("GET", f"{workspace.path}/schemas/rule") == {
        "name": "rule", "pattern": "app/*", "schema": schema, "mode": "warn",
    }  # fmt: skip
    save(admin, workspace, name="none", schema=False)
    found = admin.ok("GET", f"{workspace.path}/schemas")["items"]
    assert [(each["name"], each["schema"]) for each in found] == [("none", False), ("rule", schema)]


def test_rule_sees_the_value_with_references_resolved(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "number"), 5432)
    save(admin, workspace, mode="enforce")
    admin.put(workspace.place("base", "db/port"), "${number}")
    place = f"/config/{workspace.place('prod', 'number')}"
    refused = admin.request("PUT", place, json={"value": "x"}, headers={"If-Match": "*"})
    assert refused.json()["code"] == "schema-violation"
    assert "prod:db/port" in refused.json()["detail"]


def test_secret_is_not_quoted(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "db/port"), "hunter2", secret=True)
    tried = admin.post(f"{workspace.path}/schemas/check", {"pattern": "**", "schema": PORT})
    assert tried.json()["count"] == 3
    assert "hunter2" not in tried.text
    save(admin, workspace, name="enforced", pattern="db/*", schema=True, mode="enforce")
    save(admin, workspace)
    written = admin.request(
        "PUT",
        f"/config/{workspace.place('base', 'db/port')}",
        json={"value": "hunter3"},
        headers={"If-Match": "*"},
    )
    assert written.json()["warnings"]
    assert "hunter3" not in written.text


def test_stars_of_patterns(workspace: Workspace, admin: Client) -> None:
    for key in ("port", "a/port", "a/b/port", "a/report", "a/port/x"):
        admin.put(workspace.place("base", key), "no number")

    def hit(pattern: str) -> list[str]:
        body = {"pattern": pattern, "schema": PORT}
        found = admin.ok("POST", f"{workspace.path}/schemas/check", json=body)["violations"]
        return sorted(each["key"] for each in found if each["environment"] == "base")

    assert hit("**/port") == ["a/b/port", "a/port", "port"]
    assert hit("*/port") == ["a/port"]
    assert hit("a/**") == ["a/b/port", "a/port", "a/port/x", "a/report"]
    assert hit("a/*port") == ["a/port", "a/report"]
    assert hit("port") == ["port"]


def test_pattern_of_many_stars_is_matched_at_once(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "a" * 100), 1)
    began = time.monotonic()
    body = {"pattern": "*a" * 4 + "b", "schema": {}}
    admin.ok("POST", f"{workspace.path}/schemas/check", json=body)
    body["pattern"] = "*a" * 12 + "b"
    answer = admin.post(f"{workspace.path}/schemas/check", body)
    assert answer.status_code in {200, 422}
    assert time.monotonic() - began < 5


def test_regular_expression_of_a_schema_cannot_stall(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "text"), "a" * 40 + "!")
    began = time.monotonic()
    body = {"pattern": "text", "schema": {"pattern": "^(a+)+$"}}
    assert admin.ok("POST", f"{workspace.path}/schemas/check", json=body)["count"] == 3
    assert time.monotonic() - began < 5


def test_schema_never_makes_the_server_call_somebody(workspace: Workspace, admin: Client) -> None:
    called = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(3)

        def listen() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            called.set()
            connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/schema"
        for schema in ({"$schema": url}, {"$ref": url}, {"$id": url, "$ref": "other"}):
            admin.post(f"{workspace.path}/schemas/check", {"pattern": "**", "schema": schema})
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    assert not called.is_set()
