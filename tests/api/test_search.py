"""Search: by key, description and value; never by what is secret."""

from typing import Any

from tests.support.api import ApiProcess, Client, Workspace


def search(client: Client, workspace: Workspace, words: str, **more: Any) -> list[tuple[str, ...]]:
    path = f"{workspace.path}/search"
    found = client.ok("GET", path, params={"q": words, **more})["items"]
    return [(each["environment"], each["key"], each["where"]) for each in found]


def test_finds_by_key_description_and_value(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "needle/a"), 1)
    admin.put(workspace.place("base", "b"), 1, description="About a Needle")
    admin.put(workspace.place("prod", "c"), {"deep": ["a NEEDLE here"]})
    admin.put(workspace.place("prod", "d"), "hay")
    assert search(admin, workspace, "needle") == [
        ("base", "b", "description"),
        ("prod", "c", "value"),
        ("base", "needle/a", "key"),
    ]
    assert search(admin, workspace, "needle", environment="prod") == [("prod", "c", "value")]


def test_marks_of_patterns_are_text(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "a"), "100%")
    admin.put(workspace.place("base", "b"), "a_b")
    admin.put(workspace.place("base", "c"), "back\\slash")
    assert search(admin, workspace, "%") == [("base", "a", "value")]
    assert search(admin, workspace, "a_b") == [("base", "b", "value")]
    assert search(admin, workspace, "_") == [("base", "b", "value")]


def test_never_finds_what_is_secret(workspace: Workspace, admin: Client, reviewer: Client) -> None:
    admin.put(workspace.place("base", "p"), "hunter2", secret=True)
    admin.put(workspace.place("base", "later"), "swordfish")
    admin.put(workspace.place("base", "url"), "http://${p}@host/")
    admin.ok("PATCH", f"{workspace.path}/keys/later", json={"secret": True})
    for client in (admin, reviewer):
        for words in ("hunter2", "hunter", "swordfish"):
            assert search(client, workspace, words) == []
    answer = admin.get(f"{workspace.path}/search", params={"q": "url"})
    assert answer.json()["items"][0]["value"] == "******"
    assert "hunter2" not in answer.text


def test_leaves_out_what_is_not_served(workspace: Workspace, admin: Client) -> None:
    admin.put(workspace.place("base", "needle"), 1, status="archived")
    admin.put(workspace.place("base", "needle2"), 1)
    headers = {"If-Match": "*"}
    admin.ok("DELETE", f"/config/{workspace.place('base', 'needle2')}", headers=headers)
    assert search(admin, workspace, "needle") == []


def test_key_finds_what_it_reaches(workspace: Workspace, admin: Client, server: ApiProcess) -> None:
    for key in ("app/needle", "other/needle"):
        for environment in ("base", "prod"):
            admin.put(workspace.place(environment, key), environment)
    key = server.with_token(workspace.key(environments=["prod"], key_prefix="app/"))
    assert search(key, workspace, "needle") == [("prod", "app/needle", "key")]
    key.close()


def test_pages_hold_every_hit_once(workspace: Workspace, admin: Client) -> None:
    edits = [
        {"environment": environment, "key": f"n{number}", "value": "needle"}
        for number in range(5)
        for environment in ("base", "staging")
    ]
    body = {"message": "", "edits": edits, "action": "publish"}
    admin.ok("POST", f"{workspace.path}/changes", json=body)
    found: list[tuple[str, str]] = []
    params: dict[str, Any] = {"q": "needle", "limit": 3}
    while True:
        page = admin.ok("GET", f"{workspace.path}/search", params=params)
        found += [(each["environment"], each["key"]) for each in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert len(found) == len(set(found)) == 10
    assert [key for _, key in found] == sorted(key for _, key in found)


def test_pages_of_a_narrow_key_tell_nothing_of_other_keys(
    workspace: Workspace, admin: Client, server: ApiProcess
) -> None:
    admin.put(workspace.place("base", "aaa/hidden"), "needle-7")
    admin.put(workspace.place("base", "app/mine"), "needle")
    admin.put(workspace.place("base", "zzz/hidden"), "needle")
    key = server.with_token(workspace.key(key_prefix="app/"))
    for words, found in (("needle-7", []), ("hidden", []), ("needle", ["app/mine"])):
        page = key.ok("GET", f"{workspace.path}/search", params={"q": words, "limit": 1})
        assert [each["key"] for each in page["items"]] == found
        assert (page["next_cursor"] is None) is (found == [])
        if page["next_cursor"]:
            params = {"q": words, "limit": 1, "cursor": page["next_cursor"]}
            assert key.ok("GET", f"{workspace.path}/search", params=params) == {
                "items": [], "next_cursor": None,
            }  # fmt: skip
    key.close()
