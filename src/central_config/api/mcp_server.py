"""The door for assistants: `/mcp`, on the services every route uses."""

from central_config.api.guard import RequestGuard
from central_config.api.problems import as_problem
from central_config.api.services import Services
from central_config.assistant.routes.mcp.calls import Means, ToolCalls
from central_config.assistant.routes.mcp.catalogue import allowed
from central_config.assistant.routes.mcp.door import Door
from central_config.assistant.routes.mcp.endpoint import Mcp
from central_config.assistant.routes.mcp.parts import Parts
from central_config.assistant.service.reviewing import Reviewing
from central_config.assistant.service.tool_log import ToolLog
from central_config.configurations.service.changing import Changing
from central_config.configurations.service.history import History
from central_config.configurations.service.proposals import Proposals
from central_config.configurations.service.reading import Reading
from central_config.core.clock import SystemClock
from central_config.workspaces.service import WorkspaceService


def mcp_for(services: Services, guard: RequestGuard) -> Mcp:
    """Return the MCP server of an application; it needs `run` to be entered.

    Raises:
        SystemExit: MCP_TOOLS names something that is no tool.
    """
    settings = services.settings
    if not settings.mcp_enabled:
        return Mcp()
    from central_config.assistant.routes.mcp.server import McpServer  # noqa: PLC0415 - takes 1 s

    found = services.by_type
    parts = Parts(
        found[Reading],
        found[History],
        found[Proposals],
        found[Changing],
        found.get(Reviewing),
    )
    books = ToolLog(services.database, SystemClock())
    tools = allowed(settings.mcp_tools, ai=settings.ai_enabled)
    means = Means(guard.within, as_problem, found[WorkspaceService].names)
    calls = ToolCalls(tools, parts, means, books)
    door = Door(settings.mcp_allowed_hosts, settings.mcp_allowed_origins)
    return Mcp(McpServer(calls), books, door)
