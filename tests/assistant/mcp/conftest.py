"""An API that speaks MCP, and the real client of the protocol."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
import mcp_types as types
import pytest
from mcp.client import Client as McpClient
from mcp.client.streamable_http import streamable_http_client

from tests.support.api import ApiProcess, Client, Workspace
from tests.support.running import RunningApi

READING = {"search_config", "get_config", "list_changes", "compare_environments", "explain_key"}

Session = Callable[..., AbstractAsyncContextManager["Assistant"]]


class Assistant:
    """What an assistant sees: tools, answers, and refusals in words."""

    def __init__(self, client: McpClient) -> None:
        self.client = client

    async def tools(self) -> dict[str, types.Tool]:
        """Return the tools that are listed."""
        return {tool.name: tool for tool in (await self.client.list_tools()).tools}

    async def call(self, name: str, **arguments: Any) -> types.CallToolResult:
        """Use a tool, whatever comes of it."""
        result = await self.client.call_tool(name, arguments)
        assert isinstance(result, types.CallToolResult)
        return result

    async def use(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Use a tool; return its answer, whose schema the client has checked."""
        result = await self.call(name, **arguments)
        assert not result.is_error, text_of(result)
        assert isinstance(result.structured_content, dict)
        return result.structured_content

    async def refused(self, name: str, **arguments: Any) -> str:
        """Use a tool that must refuse; return the words."""
        result = await self.call(name, **arguments)
        assert result.is_error, result.structured_content
        assert result.structured_content is None
        return text_of(result)


def text_of(result: types.CallToolResult) -> str:
    """Return the text of an answer."""
    [block] = result.content
    assert isinstance(block, types.TextContent)
    return block.text


@pytest.fixture(scope="session")
def speaking(running_api: RunningApi) -> Iterator[ApiProcess]:
    """An API with its MCP server on, every tool allowed, AI off."""
    with running_api(MCP_ENABLED="true") as api:
        yield api


@pytest.fixture(scope="session")
def admin(speaking: ApiProcess) -> Iterator[Client]:
    """Its first administrator."""
    client = speaking.sign_in()
    yield client
    client.close()


@pytest.fixture
def workspace(admin: Client) -> Workspace:
    """A fresh workspace with base <- staging, base <- prod."""
    return Workspace(admin)


@pytest.fixture
def asking(speaking: ApiProcess) -> Session:
    """Opens a session of the real client for a token."""
    return lambda token, **more: connected(speaking.url, token, **more)


@asynccontextmanager
async def connected(url: str, token: str | None, mode: str = "auto") -> AsyncIterator[Assistant]:
    """Connect the real client to an API."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
        transport = streamable_http_client(f"{url}/mcp", http_client=http)
        async with McpClient(transport, mode=mode, cache=None) as client:
            yield Assistant(client)
