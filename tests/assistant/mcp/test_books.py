"""What is left behind of a call: an audit event and metrics, and never a secret."""

import asyncio
import time
from typing import Any

import httpx2
import pytest

from central_config.audit.service import AuditService
from central_config.core.db import open_database
from central_config.core.settings import Settings
from tests.assistant.mcp.conftest import Session, connected
from tests.support.api import ApiProcess, Client, Workspace
from tests.support.running import RunningApi

pytestmark = pytest.mark.anyio

SECRET = "planted-9f1c7a55e0-secret"


def calls(admin: Client, most: int, **where: str) -> list[dict[str, Any]]:
    """Return the calls in a part of the audit log, in their order; reads are there in a moment."""
    for _ in range(50):
        params = {"action": "mcp.called", **where}
        told = [
            {"tool": event["target"], "by": event["actor_name"], **call}
            for event in admin.ok("GET", "/audit", params=params)["items"]
            for call in event["details"]["calls"]
        ]
        if len(told) >= most:
            return sorted(told, key=lambda each: each["called_at"])
        time.sleep(0.1)
    raise AssertionError(told)


async def test_every_call_is_in_the_audit_log(
    asking: Session, admin: Client, workspace: Workspace
) -> None:
    admin.put(workspace.place("prod", "app/pool"), 10)
    name = f"helper-{workspace.slug}"
    async with asking(workspace.key(name=name, access="write")) as assistant:
        await assistant.use("get_config", environment="prod", prefix="app/")
        await assistant.use("search_config", words="do-not-keep-me")
        await assistant.refused("get_config", environment="prod", key="no/such")
        edit = {"environment": "prod", "key": "app/pool", "value": "do-not-keep-me"}
        await assistant.use("propose_change", message="m", edits=[edit])
        await assistant.refused("explain_key", environment="prod")
    found = calls(admin, 4, workspace=workspace.slug)
    assert [(each["tool"], each["outcome"]) for each in found] == [
        ("get_config", "ok"),
        ("search_config", "ok"),
        ("get_config", "key-not-found"),
        ("propose_change", "ok"),
    ]
    assert {each["by"] for each in found} == {name}
    assert len({each["request_id"] for each in found}) == 4
    assert about(found[0]) == {"environment": "prod", "prefix": "app/"}
    assert about(found[3]) == {"edits": ["prod:app/pool"]}
    assert "do-not-keep-me" not in str(found)
    # A call that names no workspace, or none there is, is in the system's part of the log.
    lost = calls(admin, 5, actor=name)[-1]
    assert (lost["tool"], lost["outcome"]) == ("explain_key", "invalid-request")


def about(call: dict[str, Any]) -> dict[str, Any]:
    """Return what a call was about."""
    of_every = {"tool", "by", "called_at", "outcome", "request_id"}
    return {name: value for name, value in call.items() if name not in of_every}


def test_what_was_read_last_is_written_at_the_end(
    running_api: RunningApi, settings: Settings
) -> None:
    async def read(url: str, token: str) -> None:
        async with connected(url, token) as assistant:
            await assistant.use("get_config", environment="prod")

    async def written(url: str) -> list[str]:
        database = open_database(url, settings)
        found = await AuditService(database).page({"action": "mcp.called"}, None, 10)
        await database.dispose()
        return [each.target for each in found]

    with running_api(MCP_ENABLED="true") as api:
        admin = api.sign_in()
        asyncio.run(read(api.url, Workspace(admin).key()))
        admin.close()
        assert api.stop() == 0
        assert asyncio.run(written(api.environment["DATABASE_URL"])) == ["get_config"]


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
            for name, arguments in near_a_secret(str(first)):
                result = await assistant.call(name, workspace=workspace.slug, **arguments)
                told.append(f"{name} {arguments} {result.model_dump_json()}")
    assert not [each for each in told if "planted-9f1c" in each]
    assert sum("******" in each for each in told) >= 10
    assert SECRET not in str(calls(admin, len(told), workspace=workspace.slug))
    assert SECRET not in speaking.log.read_text()


def near_a_secret(revision: str) -> list[tuple[str, dict[str, Any]]]:
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
