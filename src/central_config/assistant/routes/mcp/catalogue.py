"""The tools there are, as assistants are told of them. Knows nothing of the protocol."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from central_config.access.model import Caller
from central_config.assistant.routes.mcp import proposing, reading
from central_config.assistant.routes.mcp.parts import Parts
from central_config.assistant.wire.tools import arguments as taken
from central_config.assistant.wire.tools import change_results, results
from central_config.core.json import JSON

A = TypeVar("A", bound=taken.Arguments)
R = TypeVar("R", bound=results.ToolAnswer)


class Tool(NamedTuple):
    """One tool.

    Attributes:
        permission: what it needs in the workspace it is about.
        writes: whether it leaves something behind; nothing it leaves is served to anybody.
        asks_ai: whether it is there only while AI_ENABLED is.
    """

    name: str
    title: str
    description: str
    arguments: type[taken.Arguments]
    result: type[results.ToolAnswer]
    permission: str
    run: Callable[[Parts, Caller, Any], Awaitable[results.ToolAnswer]]
    writes: bool = False
    asks_ai: bool = False

    def input_schema(self) -> dict[str, JSON]:
        """Return the JSON Schema of what it takes."""
        return self.arguments.model_json_schema()

    def output_schema(self) -> dict[str, JSON]:
        """Return the JSON Schema of what it answers."""
        return self.result.model_json_schema(mode="serialization")


def _tool(
    run: Callable[[Parts, Caller, A], Awaitable[R]],
    title: str,
    description: str,
    takes: type[A],
    answers: type[R],
    **more: Any,  # noqa: ANN401 - the optional fields of Tool
) -> Tool:
    """Return a tool that is named as its function is."""
    permission = "config.write" if more.get("writes") else "config.read"
    return Tool(run.__name__, title, description, takes, answers, permission, run, **more)


TOOLS: Mapping[str, Tool] = {
    each.name: each
    for each in (
        _tool(
            reading.search_config,
            "Search configuration",
            "Find configurations by a text in their key, description or value. Begin here when "
            "you do not know the exact key or which environments there are.",
            taken.SearchConfig,
            results.Hits,
        ),
        _tool(
            reading.get_config,
            "Get configuration",
            "Read what an environment serves, inherited values and resolved references included: "
            "one `key`, or all keys below a `prefix`; now, or at a past revision or time.",
            taken.GetConfig,
            results.Configs,
        ),
        _tool(
            proposing.list_changes,
            "List changes",
            "List changes, newest first: who changed or wants to change something, when and why. "
            "With `environment`, `prefix`, `since` or `until`, list what was published.",
            taken.ListChanges,
            change_results.Changes,
        ),
        _tool(
            reading.compare_environments,
            "Compare environments",
            "List the keys that two environments do not serve alike, or one environment at two "
            "moments (give it as `left` and `right`, with `left_at`).",
            taken.CompareEnvironments,
            results.Differences,
        ),
        _tool(
            reading.explain_key,
            "Explain a key",
            "Say why an environment serves what it serves for a key: which environment supplies "
            "the value, what it overrides, who set it, and where references in it led.",
            taken.ExplainKey,
            results.Explained,
        ),
        _tool(
            proposing.review_change,
            "Review a change",
            "Say what could be wrong with a change, by checks with evidence: types, magnitudes, "
            "other environments' names, placeholders, switched-off protection, broken rules. It "
            "approves nothing; a person decides.",
            taken.ReviewChange,
            change_results.Reviewed,
            asks_ai=True,
        ),
        _tool(
            proposing.propose_change,
            "Propose a change",
            "Keep a draft of a change for a person to review. It changes nothing that is served, "
            "and you cannot submit or publish it: tell the person what `review` says. What could "
            "not be published as things stand is refused. Values of secrets cannot be proposed.",
            taken.ProposeChange,
            change_results.Proposed,
            writes=True,
        ),
    )
}


def allowed(names: str, *, ai: bool) -> dict[str, Tool]:
    """Return the tools of a comma-separated list; of an empty one, all.

    Raises:
        SystemExit: the list names something that is no tool. Whoever wrote it meant to narrow
            what assistants may do, so it is not passed over.
    """
    wanted = [each.strip() for each in names.split(",") if each.strip()] or list(TOOLS)
    unknown = sorted(set(wanted) - set(TOOLS))
    if unknown:
        message = f"MCP_TOOLS: there is no tool {unknown[0]!r}; there are {', '.join(TOOLS)}"
        raise SystemExit(message)
    return {
        name: tool for name, tool in TOOLS.items() if name in wanted and (ai or not tool.asks_ai)
    }
