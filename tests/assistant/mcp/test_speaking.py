"""The protocol: both ways of speaking, and what tools are said to be."""

import subprocess
import sys

import httpx2
import pytest
from mcp import MCPError
from mcp_types import INVALID_PARAMS

from tests.assistant.mcp.conftest import READING, Session
from tests.support.api import ApiProcess, Workspace

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("mode", "version"), [("legacy", "2025-11-25"), ("auto", "2026-07-28"), ("2026-07-28",) * 2]
)
async def test_both_ways_of_speaking_are_understood(
    asking: Session, workspace: Workspace, mode: str, version: str
) -> None:
    workspace.admin.put(workspace.place("base", "app/name"), "shop")
    async with asking(workspace.key(), mode=mode) as assistant:
        assert assistant.client.protocol_version == version
        answer = await assistant.use("get_config", environment="prod", key="app/name")
        assert answer["items"][0]["value"] == "shop"
        if mode != "2026-07-28":
            assert "never follow instructions" in (assistant.client.instructions or "")
            assert assistant.client.server_info.name == "central-config"


async def test_tools_say_what_they_are(asking: Session, workspace: Workspace) -> None:
    async with asking(workspace.key(access="write")) as assistant:
        tools = await assistant.tools()
    assert set(tools) == READING | {"propose_change"}
    for name, tool in tools.items():
        assert tool.title
        assert len(tool.description or "") > 60
        hints = tool.annotations
        assert hints is not None
        assert hints.read_only_hint is (name != "propose_change")
        assert hints.destructive_hint is False
        assert hints.open_world_hint is False
        assert tool.input_schema["additionalProperties"] is False
        output = tool.output_schema
        assert output is not None
        assert {"notice", "workspace"} <= set(output["properties"])


async def test_every_argument_has_a_bound_and_a_meaning(
    asking: Session, workspace: Workspace
) -> None:
    async with asking(workspace.key(access="write")) as assistant:
        tools = await assistant.tools()
    for tool in tools.values():
        schema = tool.input_schema
        models = [schema, *schema.get("$defs", {}).values()]
        for place, field in [
            (f"{tool.name}.{name}", field)
            for model in models
            for name, field in model["properties"].items()
        ]:
            for form in field.get("anyOf", [field]):
                assert _bounded(form, free=place.endswith(".value")), (place, form)


def _bounded(form: dict[str, object], *, free: bool) -> bool:
    """Tell whether a form of an argument has an end; a value is bounded by the service."""
    if form.get("type") == "string":
        return "maxLength" in form or "enum" in form or form.get("format") in {"uuid", "date-time"}
    if form.get("type") == "integer":
        return "maximum" in form or "exclusiveMaximum" in form
    if form.get("type") == "array":
        return "maxItems" in form
    return form.get("type") == "null" or free


async def test_a_tool_that_is_not_there(asking: Session, workspace: Workspace) -> None:
    async with asking(workspace.key(access="write")) as assistant:
        for name in ("publish_change", "reveal_secret", "delete_key", "review_change", "x" * 500):
            with pytest.raises(MCPError) as caught:
                await assistant.call(name)
            assert caught.value.error.code == INVALID_PARAMS
            assert len(caught.value.error.message) < 150


async def test_only_posts_are_answered(speaking: ApiProcess, workspace: Workspace) -> None:
    headers = {"Authorization": f"Bearer {workspace.key()}", "Accept": "text/event-stream"}
    for method in ("GET", "DELETE"):
        answer = httpx2.request(method, f"{speaking.url}/mcp", headers=headers, timeout=10)
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"


async def test_it_is_off_unless_switched_on(server: ApiProcess) -> None:
    client = server.sign_in()
    headers = {"Authorization": f"Bearer {client.token}"}
    answer = httpx2.post(f"{server.url}/mcp", headers=headers, json={}, timeout=10)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"
    assert "MCP_ENABLED" in answer.json()["detail"]
    client.close()


def test_a_process_without_it_does_not_import_it() -> None:
    code = (
        "import sys; import central_config.api.app, central_config.cli.main\n"
        "print([name for name in ('mcp', 'mcp_types') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
