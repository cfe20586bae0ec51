"""Proposals: a draft, for a person, and nothing else."""

from typing import Any

import pytest

from tests.assistant.mcp.conftest import Session
from tests.support.api import Workspace

pytestmark = pytest.mark.anyio


def edit(key: str, value: Any, environment: str = "prod") -> dict[str, Any]:
    """Return an edit that sets a value."""
    return {"environment": environment, "key": key, "value": value}


async def test_a_proposal_is_a_draft_that_a_person_carries_on(
    asking: Session, workspace: Workspace
) -> None:
    admin = workspace.admin
    admin.put(workspace.place("base", "app/pool"), 10)
    admin.put(workspace.place("base", "app/old"), "x")
    before = workspace.revision()
    async with asking(workspace.key(access="write")) as assistant:
        edits = [
            edit("app/pool", 40),
            {"environment": "base", "key": "app/old", "action": "remove"},
            {"environment": "base", "key": "app/pool", "action": "status", "status": "deprecated"},
        ]
        answer = await assistant.use("propose_change", message="more load", edits=edits)
    change = answer["change"]
    assert change["status"] == "draft"
    assert f"ccfg change show {change['id']}" in answer["review"]
    assert [
        (each["key"], each["action"], each["before"]["value"], each["after"]["value"])
        for each in answer["edits"]
    ] == [
        ("app/pool", "set", 10, 40),
        ("app/old", "remove", "x", None),
        ("app/pool", "status", 10, None),
    ]
    assert workspace.revision() == before
    assert admin.value(workspace.place("prod", "app/pool")) == 10
    # Who made the key is the person it is for.
    path = f"{workspace.path}/changes/{change['id']}"
    assert admin.ok("GET", path)["message"] == "more load"
    assert admin.ok("POST", f"{path}/submit", json={})["status"] == "in_review"


async def test_a_key_does_not_carry_on_what_its_person_drafted(workspace: Workspace) -> None:
    body = {"message": "mine", "edits": [edit("app/pool", 1)]}
    change = workspace.admin.ok("POST", f"{workspace.path}/changes", json=body)
    key = type(workspace.admin)(workspace.admin.base, workspace.key(access="write"))
    refused = key.post(f"{workspace.path}/changes/{change['id']}/submit")
    key.close()
    assert refused.json()["code"] == "permission-denied"


async def test_what_could_not_be_published_is_refused_and_leaves_nothing(
    asking: Session, workspace: Workspace
) -> None:
    admin = workspace.admin
    admin.put(workspace.place("prod", "app/port"), 5432)
    admin.put(workspace.place("prod", "db/password"), "hunter2-hunter2", secret=True)
    rule = {"name": "port", "pattern": "**/port", "schema": {"type": "integer"}, "mode": "enforce"}
    admin.ok("POST", f"{workspace.path}/schemas", json=rule)
    now = workspace.revision()
    admin.put(workspace.place("prod", "app/port"), 5433)
    refusals: list[tuple[str, dict[str, Any]]] = [
        ("schema-violation", {"edits": [edit("app/port", "none")]}),
        ("reference-unresolved", {"edits": [edit("app/url", "${no/key}")]}),
        ("wrong-state", {"edits": [edit("app/port", 5433)]}),
        ("permission-denied", {"edits": [edit("db/password", "other")]}),
        ("permission-denied", {"edits": [edit("app/url", "pg://x:${db/password}@h")]}),
        ("value-too-large", {"edits": [edit("app/blob", "x" * 40_000)]}),
        ("change-conflict", {"edits": [edit("app/port", 1)], "base_revision": now}),
        ("environment-not-found", {"edits": [edit("app/port", 1, "prd")]}),
        ("invalid-request", {"edits": [edit("app/port", 1), edit("app/port", 2)]}),
        ("invalid-request", {"edits": [{"environment": "prod", "key": "app/port"}]}),
        ("invalid-request", {"edits": [{**edit("app/port", 1), "secret": True}]}),
        ("invalid-request", {"edits": [edit(f"k{n}", n) for n in range(51)]}),
        ("invalid-request", {"edits": []}),
        ("invalid-request", {"edits": [edit("a", 1)], "action": "publish"}),
        ("invalid-request", {"edits": [edit("a", 1)], "message": ""}),
    ]
    async with asking(workspace.key(access="write", secrets=True)) as assistant:
        for code, arguments in refusals:
            said = await assistant.refused("propose_change", **{"message": "m", **arguments})
            assert said.startswith(f"{code}: "), said
            assert "hunter2" not in said
        listed = await assistant.use("list_changes", status="open")
        assert listed["items"] == []


async def test_list_changes_filters_and_goes_on(asking: Session, workspace: Workspace) -> None:
    for number in range(7):
        workspace.admin.put(workspace.place("base", "app/n"), number, message=f"number {number}")
    key = workspace.key(access="write")
    async with asking(key) as assistant:
        await assistant.use("propose_change", message="later", edits=[edit("app/n", 9)])
        drafts = await assistant.use("list_changes", status="draft")
        assert [each["message"] for each in drafts["items"]] == ["later"]
        messages: list[str] = []
        cursor = None
        while True:
            page = await assistant.use(
                "list_changes", status="published", author="admin", limit=3, cursor=cursor
            )
            messages += [each["message"] for each in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert messages == [f"number {number}" for number in reversed(range(7))]
        assert all(each["revision"] for each in page["items"])


async def test_list_changes_tells_what_was_published(asking: Session, workspace: Workspace) -> None:
    admin = workspace.admin
    for number in range(4):
        admin.put(workspace.place("prod", "app/pool"), number, message=f"number {number}")
    admin.put(workspace.place("prod", "app/token"), "hidden-token-1", secret=True)
    admin.put(workspace.place("base", "app/pool"), 99)
    key = workspace.key(environments=["prod"])
    async with asking(key) as assistant:
        values: list[dict[str, Any]] = []
        cursor = None
        for _ in range(9):
            answer = await assistant.use(
                "list_changes", environment="prod", prefix="app/", limit=2, cursor=cursor
            )
            assert answer["items"] == []
            values += answer["values"]
            cursor = answer["next_cursor"]
            if cursor is None:
                break
        assert [(each["key"], each["value"]) for each in values] == [
            ("app/token", "******"),
            *(("app/pool", number) for number in (3, 2, 1, 0)),
        ]
        assert {each["author"] for each in values} == {"admin"}
        moment = values[2]["published_at"]
        later = await assistant.use("list_changes", since=moment, author="admin")
        assert [each["value"] for each in later["values"]] == ["******", 3, 2]
        nobody = await assistant.use("list_changes", since=moment, author="nobody")
        assert nobody["values"] == []
        for arguments, code in (
            ({"since": "yesterday"}, "invalid-request"),
            ({"since": moment, "status": "draft"}, "invalid-request"),
            ({"environment": "base"}, "environment-not-found"),
        ):
            said = await assistant.refused("list_changes", **arguments)
            assert said.startswith(code)
