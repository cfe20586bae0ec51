"""Candidates for Tab: names the shell cannot know. Silent where nobody answers soon."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from central_config.cli.client import Client, segment
from central_config.cli.contexts import load
from central_config.cli.errors import CliError
from central_config.cli.targets import resolve

if TYPE_CHECKING:
    from cyclopts.completion._engine import CompletionContext

# Who presses Tab does not wait (seconds), nor read thousands of names.
SOON = 1.5
MOST = 200


def contexts(context: "CompletionContext") -> Sequence[str]:
    """Return the saved contexts."""
    del context
    return _or_nothing(lambda: list(load().contexts))


def workspaces(context: "CompletionContext") -> Sequence[str]:
    """Return the workspaces one may see."""
    return _or_nothing(lambda: [each["slug"] for each in _items(context, "/workspaces", {})])


def environments(context: "CompletionContext") -> Sequence[str]:
    """Return the environments of the workspace."""

    def names() -> list[str]:
        target = resolve(_typed(context, "--context"))
        workspace = _typed(context, "--workspace") or target.workspace
        path = f"/workspaces/{segment(workspace or '')}/environments"
        return [each["slug"] for each in _items(context, path, {})]

    return _or_nothing(names)


def keys(context: "CompletionContext") -> Sequence[str]:
    """Return the keys of the environment that begin so."""

    def names() -> list[str]:
        workspace, environment = _place(context)
        path = f"/workspaces/{workspace}/environments/{environment}/configurations"
        return [each["key"] for each in _items(context, path, {"prefix": context.incomplete})]

    return _or_nothing(names)


def _or_nothing(names: Callable[[], Sequence[str]]) -> Sequence[str]:
    try:
        return names()
    except CliError:
        return []


def _typed(context: "CompletionContext", option: str) -> str | None:
    found = context.get(option)
    return None if found is None else found.raw


def _place(context: "CompletionContext") -> tuple[str, str]:
    target = resolve(_typed(context, "--context"))
    workspace = _typed(context, "--workspace") or target.workspace
    environment = _typed(context, "--env") or target.environment
    return segment(workspace or ""), segment(environment or "")


def _items(context: "CompletionContext", path: str, params: dict[str, Any]) -> list[Any]:
    target = resolve(_typed(context, "--context"))
    return Client(target.url, target.token, timeout=SOON).items(path, params, MOST)
