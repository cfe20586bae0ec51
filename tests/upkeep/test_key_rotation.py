"""Keys are replaced while both are good, each token is given once, and no live hash is touched."""

import asyncio
import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from central_config.access.model import LONGEST_KEY_NAME, successor_name
from central_config.core.clock import SystemClock, rfc3339
from central_config.core.db import connect_arguments
from tests.cli.conftest import Ccfg, bare, ccfg, home
from tests.support.api import ApiProcess, Workspace

__all__ = ["bare", "ccfg", "home"]

# The runbook's own words.
LIST = "SELECT name, created_at, last_used, usage_count FROM api_keys ORDER BY last_used DESC;"


def execute(server: ApiProcess, statement: str, *values: Any) -> list[Any]:
    async def run() -> list[Any]:
        url = server.environment["DATABASE_URL"]
        connection = await asyncpg.connect(**connect_arguments(url))
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    return asyncio.run(run())


def made(workspace: Workspace, name: str = "app", **more: Any) -> dict[str, Any]:
    body = {"name": name, "workspace": workspace.slug, "access": "read", **more}
    return workspace.admin.ok("POST", "/keys", json=body)


def rotate(workspace: Workspace, key: str, **body: Any) -> Any:
    return workspace.admin.post(f"/keys/{key}/rotate", json=body)


def works(server: ApiProcess, workspace: Workspace, token: str) -> bool:
    client = server.with_token(token)
    answer = client.get(f"/config/{workspace.slug}/prod")
    client.close()
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


def until(look: Any, what: str, seconds: float = 15) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.2)
    return found


def test_both_keys_work_until_the_overlap_ends(server: ApiProcess, workspace: Workspace) -> None:
    old = made(workspace, environments=["prod"], key_prefix="app/", secrets=True)
    assert works(server, workspace, old["token"])
    (before,) = execute(server, "SELECT key_hash FROM api_keys WHERE id = $1", old["id"])
    answer = rotate(workspace, old["id"], overlap_seconds=3)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    new = answer.json()
    for member in ("workspace", "environments", "key_prefix", "access", "secrets", "expires_at"):
        assert new[member] == old[member]
    assert (new["name"], new["successor_of"]) == ("app-2", old["id"])
    assert works(server, workspace, old["token"])
    assert works(server, workspace, new["token"])
    assert execute(server, "SELECT key_hash FROM api_keys WHERE id = $1", old["id"]) == [before]
    shown = workspace.admin.ok("GET", f"/keys/{old['id']}")
    assert shown["successor"] == new["id"]
    assert shown["expires_at"] == new["overlap_ends_at"]
    assert "token" not in shown
    until(lambda: not works(server, workspace, old["token"]), "the old key to end")
    assert works(server, workspace, new["token"])
    events = workspace.admin.ok("GET", "/audit", params={"workspace": workspace.slug})["items"]
    assert [each["action"] for each in events[:2]] == ["key.rotated", "key.created"]
    assert events[0]["details"]["successor"]["id"] == new["id"]
    assert new["token"] not in json.dumps(events)


def test_the_successor_lives_as_long_and_the_old_one_no_longer(workspace: Workspace) -> None:
    old = made(workspace, expires_at="2031-01-01T00:00:00Z")
    new = rotate(workspace, old["id"]).json()
    assert "2031-01-01T00:00:00." < new["expires_at"] < "2031-01-01T00:10"
    assert new["overlap_ends_at"] < "2031-01-01"
    soon = rfc3339(SystemClock().now() + timedelta(hours=1))
    ending = made(workspace, "ending", expires_at=soon)
    assert rotate(workspace, ending["id"]).json()["overlap_ends_at"] == soon
    third = rotate(workspace, new["id"]).json()
    assert third["name"] == "app-3"


def test_without_overlap_the_old_key_ends_at_once(server: ApiProcess, workspace: Workspace) -> None:
    old = made(workspace)
    assert works(server, workspace, old["token"])
    assert rotate(workspace, old["id"], overlap_seconds=0).status_code == 201
    assert not works(server, workspace, old["token"])


def test_what_cannot_be_replaced(server: ApiProcess, workspace: Workspace) -> None:
    old = made(workspace)
    assert rotate(workspace, old["id"]).status_code == 201
    answer = rotate(workspace, old["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong-state")
    assert "successor" in answer.json()["detail"]
    revoked = made(workspace)
    workspace.admin.ok("DELETE", f"/keys/{revoked['id']}")
    assert rotate(workspace, revoked["id"]).json()["code"] == "wrong-state"
    ended = made(workspace)
    execute(server, "UPDATE api_keys SET expires_at = now() WHERE id = $1", ended["id"])
    assert rotate(workspace, ended["id"]).json()["code"] == "wrong-state"
    assert rotate(workspace, workspace.slug).status_code == 422
    unknown = "0198b3a0-0000-7000-8000-000000000000"
    assert rotate(workspace, unknown).json()["code"] == "not-found"
    assert rotate(workspace, old["id"], overlap_seconds=-1).status_code == 422
    client = server.with_token(made(workspace)["token"])
    assert client.post(f"/keys/{old['id']}/rotate").json()["code"] == "not-found"
    client.close()


def test_nobody_gets_a_key_that_allows_more_than_they_may(
    server: ApiProcess, workspace: Workspace
) -> None:
    name, password = f"keeper-{workspace.slug}", "a-password-for-somebody"
    admin = workspace.admin
    role = {"name": name, "description": "", "permissions": ["workspace.read", "key.manage"]}
    admin.ok("POST", "/roles", json=role)
    user = {"username": name, "email": "k@example.org", "password": password}
    admin.ok("POST", "/users", json=user)
    roles = [{"role": name, "workspace": workspace.slug}]
    admin.ok("PUT", f"/users/{name}/roles", json={"roles": roles})
    client = server.sign_in(name, password)
    new = {"current_password": password, "new_password": password + "-2"}
    client.ok("POST", "/me/password", json=new)
    key = made(workspace, secrets=True)
    answer = client.post(f"/keys/{key['id']}/rotate")
    assert answer.json()["code"] == "permission-denied"
    assert "secret.reveal" in answer.json()["detail"]
    client.close()


def test_two_at_once_make_one_successor(server: ApiProcess, workspace: Workspace) -> None:
    from concurrent.futures import ThreadPoolExecutor

    old = made(workspace)
    with ThreadPoolExecutor(12) as pool:
        codes = list(pool.map(lambda _: rotate(workspace, old["id"]).status_code, range(12)))
    assert sorted(codes) == [201] + [409] * 11
    count = """SELECT count(*) FROM api_keys k JOIN cc_workspace w ON w.id = k.workspace_id
               WHERE w.slug = $1"""
    assert execute(server, count, workspace.slug)[0][0] == 2


def test_the_command_replaces_old_keys_and_retires_idle_ones(
    ccfg: Ccfg, server: ApiProcess, workspace: Workspace, tmp_path: Path
) -> None:
    keys = [made(workspace, f"old{n}") for n in range(3)]
    fresh = made(workspace, "fresh")
    aged = [key["id"] for key in keys]
    execute(
        server,
        "UPDATE api_keys SET created_at = now() - interval '200 days' WHERE id = ANY($1::uuid[])",
        aged,
    )
    used = "UPDATE api_keys SET last_used = now() - interval '10 days' WHERE id = $1"
    execute(server, used, aged[1])  # before it had a successor
    place = ("-w", workspace.slug)
    listed = ccfg("key", "list", "--older-than", "180d", "-o", "json", *place).data
    assert {each["id"] for each in listed} == set(aged)
    assert "--tokens" in ccfg("key", "rotate", "--older-than", "180d", "-y", *place).err
    file = tmp_path / "tokens"
    done = ccfg("key", "rotate", "--older-than", "180d", "--tokens", str(file), "-y", *place)
    assert done.code == 0, done.err
    assert file.stat().st_mode & 0o777 == 0o600
    handed = [json.loads(line) for line in file.read_text().splitlines()]
    assert {each["successor_of"] for each in handed} == set(aged)
    assert all(works(server, workspace, each["token"]) for each in handed)
    assert not any(each["token"] in done.out + done.err for each in handed)
    again = ccfg("key", "rotate", "--older-than", "180d", "--tokens", str(file), "-y", *place)
    assert "no key is that old" in again.err
    # One of the old keys is still in somebody's hands.
    assert works(server, workspace, keys[0]["token"])

    def status() -> dict[str, bool]:
        found = ccfg("key", "rotation", "status", "-o", "json", *place).data
        return {each["old"]["id"]: each["still_used"] for each in found}

    until(lambda: status()[aged[0]], "the use to be counted", 20)
    assert status() == {aged[0]: True, aged[1]: False, aged[2]: False}
    assert ccfg("key", "retire", "--dry-run", "-o", "json", *place).data["revoked"] == []
    retired = ccfg("key", "retire", "--unused", "7d", "-y", "-o", "json", *place).data["revoked"]
    assert {each["id"] for each in retired} == set(aged[1:])
    assert works(server, workspace, keys[0]["token"])
    assert not works(server, workspace, keys[1]["token"])
    assert set(status()) == {aged[0]}
    assert works(server, workspace, fresh["token"])


def test_one_token_stands_alone_on_stdout(ccfg: Ccfg, workspace: Workspace) -> None:
    old = made(workspace)
    done = ccfg("key", "rotate", old["id"], "--overlap", "1h", "-y")
    assert done.out.startswith("cc_")
    assert done.out.count("\n") == 1
    assert ccfg("key", "rotate", old["id"], "-y").code == 6
    assert ccfg("key", "rotate", "-y").code == 2
    other = made(workspace, "other")
    assert (
        ccfg("key", "rotate", other["id"], "-y", "-o", "json").data["successor_of"] == other["id"]
    )
    assert "has a successor" in ccfg("key", "list").out


def test_the_runbooks_statement_lists_keys(server: ApiProcess, workspace: Workspace) -> None:
    key = made(workspace, f"listed-{workspace.slug}")
    rows = execute(server, LIST)
    assert list(rows[0].keys()) == ["name", "created_at", "last_used", "usage_count"]
    (found,) = [row for row in rows if row["name"] == key["name"]]
    assert (found["last_used"], found["usage_count"]) == (None, 0)


@pytest.mark.parametrize(
    ("name", "generation", "after"),
    [
        ("app", 1, "app-2"),
        ("app-2", 2, "app-3"),
        ("shop-2024", 1, "shop-2024-2"),
        ("renamed", 3, "renamed-4"),
        ("x" * LONGEST_KEY_NAME, 1, "x" * (LONGEST_KEY_NAME - 2) + "-2"),
    ],
)
def test_names_of_successors(name: str, generation: int, after: str) -> None:
    assert successor_name(name, generation) == after
