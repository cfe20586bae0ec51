"""What is left behind of a call: an audit event and metrics, and never a secret."""

from typing import Any

import httpx2
import pytest

from tests.assistant.mcp.conftest import Session
from tests.support.api import ApiProcess, Client, Workspace

pytestmark = pytest.mark.anyio

SECRET = "planted-9f1c7a55e0-secret"


def events(admin: Client, workspace: Workspace) -> list[dict[str, Any]]:
    """Return the calls in a workspace's audit log, the oldest first."""
    params = {"workspace": workspace.slug, "action": "mcp.called"}
    return list(reversed(admin.ok("GET", "/audit", params=params)["items"]))


async def test_every_call_is_in_the_audit_log(
    asking: Session, admin: Client, workspace: Workspace
) -> None:
    admin.put(workspace.place("prod", "app/pool"), 10)
    async with asking(workspace.key(name="helper", access="write")) as assistant:
        await assistant.use("get_config", environment="prod", prefix="app/")
        await assistant.use("search_config", words="do-not-keep-me")
        await assistant.refused("get_config", environment="prod", key="no/such")
        edit = {"environment": "prod", "key": "app/pool", "value": "do-not-keep-me"}
        await assistant.use("propose_change", message="m", edits=[edit])
        await assistant.refused("explain_key", environment="prod")
    found = events(admin, workspace)
    assert [(each["target"], each["details"]["outcome"]) for each in found] == [
        ("get_config", "ok"),
        ("search_config", "ok"),
        ("get_config", "key-not-found"),
        ("propose_change", "ok"),
    ]
    assert {each["actor_name"] for each in found} == {"helper"}
    assert found[0]["details"] == {"outcome": "ok", "environment": "prod", "prefix": "app/"}
    assert found[3]["details"] == {"outcome": "ok", "edits": ["prod:app/pool"]}
    assert "do-not-keep-me" not in str(found)
    # A call that names no workspace, or none there is, is in the system's part of the log.
    late = admin.ok("GET", "/audit", params={"action": "mcp.called", "limit": 1})["items"]
    assert (late[0]["target"], late[0]["details"]) == (
        "explain_key",
        {"outcome": "invalid-request"},
    )


async def test_calls_are_counted(
    asking: Session, speaking: ApiProcess, workspace: Workspace
) -> None:
    async with asking(workspace.key()) as assistant:
        await assistant.use("get_config", environment="prod")
        await assistant.refused("get_config", environment="nowhere")
    url = f"http://127.0.0.1:{speaking.metrics_port}/metrics"
    lines = httpx2.get(url, timeout=10).text.splitlines()
    for begin in (
        'central_config_mcp_calls_total{outcome="ok",tool="get_config"}',
        'central_config_mcp_calls_total{outcome="environment-not-found",tool="get_config"}',
        'central_config_mcp_call_duration_seconds_count{tool="get_config"}',
        'http_requests_total{method="POST",route="/mcp",status="200"}',
    ):
        [line] = [each for each in lines if each.startswith(begin)]
        assert float(line.rpartition(" ")[2]) >= 1


async def test_no_secret_comes_out_of_any_tool(
    asking: Session, admin: Client, workspace: Workspace, speaking: ApiProcess
) -> None:
    """A caller who may see secrets everywhere else asks every tool for one."""
    put, place = admin.put, workspace.place
    put(place("base", "db/password"), SECRET, secret=True)
    put(place("prod", "db/password"), SECRET + "-1", secret=True)
    put(place("prod", "db/keys"), {"deep": [SECRET]}, secret=True)
    put(place("base", "db/url"), "pg://app:${db/password}@db/main")
    put(place("staging", "late"), SECRET + "-2")
    first = workspace.revision()
    admin.ok("PATCH", f"{workspace.path}/keys/late", json={"secret": True})
    body = {"message": "m", "edits": [{"environment": "prod", "key": "late", "value": SECRET}]}
    admin.ok("POST", f"{workspace.path}/changes", json=body)
    key = workspace.key(access="write", secrets=True)
    told: list[str] = []
    for token in (key, str(admin.token)):
        async with asking(token) as assistant:
            for name, arguments in calls(str(first)):
                result = await assistant.call(name, workspace=workspace.slug, **arguments)
                told.append(f"{name} {arguments} {result.model_dump_json()}")
    assert not [each for each in told if "planted-9f1c" in each]
    assert sum("******" in each for each in told) >= 10
    assert SECRET not in str(events(admin, workspace))
    assert SECRET not in speaking.log.read_text()


def calls(revision: str) -> list[tuple[str, dict[str, Any]]]:
    """Return calls that come near a secret."""
    prod = {"environment": "prod"}
    edits = [
        {"environment": "prod", "key": "db/url", "action": "remove"},
        {"environment": "base", "key": "db/password", "action": "remove"},
        {"environment": "staging", "key": "late", "action": "status", "status": "deprecated"},
    ]
    return [
        ("search_config", {"words": "planted"}),
        ("search_config", {"words": "p"}),
        ("search_config", {"words": "late"}),
        *(("get_config", {"environment": each}) for each in ("base", "staging", "prod")),
        ("get_config", {**prod, "key": "db/password"}),
        ("get_config", {**prod, "key": "db/url"}),
        ("get_config", {"environment": "staging", "at": revision}),
        ("explain_key", {**prod, "key": "db/password"}),
        ("explain_key", {**prod, "key": "db/url"}),
        ("explain_key", {"environment": "staging", "key": "late"}),
        ("compare_environments", {"left": "base", "right": "prod"}),
        ("compare_environments", {"left": "staging", "left_at": "0", "right": "staging"}),
        ("list_changes", {}),
        ("propose_change", {"message": "m", "edits": edits}),
        (
            "propose_change",
            {"message": "m", "edits": [{**prod, "key": "copy", "value": "x${db/password}"}]},
        ),
        ("propose_change", {"message": "m", "edits": [{**prod, "key": "late", "value": 1}]}),
    ]
