"""One use of a tool: checked like a request to a route, carried out, written down."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from pydantic import ValidationError

from central_config.access.model import Caller
from central_config.assistant.routes.mcp.catalogue import Tool
from central_config.assistant.routes.mcp.parts import Parts
from central_config.assistant.service.tool_log import CANCELLED, OK, ToolLog
from central_config.assistant.wire.tools.arguments import Arguments
from central_config.assistant.wire.tools.results import ToolAnswer
from central_config.core.json import JSON
from central_config.core.problems import FieldError, Problem, invalid

# What is said of a refusal (characters), and how many places or choices are named.
_LONGEST_REFUSAL = 2_000
_PLACES = 10


class Means(NamedTuple):
    """What only the application knows.

    Attributes:
        within: the same caller in a workspace, given by slug or id; `workspace-not-found` where
            the caller may not know of it.
        as_problem: what a caller is told of an error.
        workspaces: the first slugs of those with these ids, or of all there are.
    """

    within: Callable[[Caller, str | UUID], Awaitable[Caller]]
    as_problem: Callable[[Exception], Problem]
    workspaces: Callable[[Sequence[UUID] | None, int], Awaitable[list[str]]]


class ToolCalls:
    """Carries out calls of the tools that are allowed here."""

    def __init__(
        self, tools: Mapping[str, Tool], parts: Parts, means: Means, books: ToolLog
    ) -> None:
        self._tools = tools
        self._parts = parts
        self._means = means
        self._books = books

    @property
    def tools(self) -> Iterable[Tool]:
        """The tools that are allowed here."""
        return self._tools.values()

    def offered(self, caller: Caller) -> list[Tool]:
        """Return the tools a caller may use in some workspace."""
        places = caller.principal.places
        return [each for each in self.tools if places(each.permission) != frozenset()]

    def find(self, name: str) -> Tool | None:
        """Return a tool, if it is allowed here; whether the caller may use it shows in `run`."""
        return self._tools.get(name)

    async def run(self, caller: Caller, tool: Tool, given: Mapping[str, JSON]) -> ToolAnswer:
        """Return what a tool answers.

        Raises:
            Problem: every refusal; nothing else is raised.
        """
        self._books.admit(tool.name)
        began = time.perf_counter()
        call = _Call(caller)
        outcome, refusal, answer = OK, None, None
        try:
            answer = await self._carry_out(call, tool, given)
        except asyncio.CancelledError:
            await self._write_down(call, tool, CANCELLED, began)
            raise
        except Exception as error:  # noqa: BLE001 - the application decides what is told of it
            refusal = self._means.as_problem(error)
            outcome = refusal.code
        try:
            await self._write_down(call, tool, outcome, began)
        except Exception as error:  # noqa: BLE001 - see above
            refusal = refusal or self._means.as_problem(error)
        if refusal is not None or answer is None:
            raise refusal or Problem("internal-error", "the tool answered nothing")
        return answer

    async def _write_down(self, call: "_Call", tool: Tool, outcome: str, began: float) -> None:
        """Count a call and record it, one that leaves something behind at once.

        Counted as failed where it cannot be recorded.
        """
        try:
            if tool.writes:
                await self._books.audit(call.caller, tool.name, outcome, call.told)
            else:
                self._books.keep(call.caller, tool.name, outcome, call.told)
        except Exception as error:
            outcome = outcome if outcome != OK else self._means.as_problem(error).code
            raise
        finally:
            self._books.count(tool.name, outcome, time.perf_counter() - began)

    async def _carry_out(self, call: "_Call", tool: Tool, given: Mapping[str, JSON]) -> ToolAnswer:
        asked = _checked(tool, given)
        call.told = asked.told()
        name = asked.workspace or await self._only_workspace(call.caller, tool)
        place = await self._means.within(call.caller, name)
        place.require(tool.permission)
        call.caller = place.without_secrets()
        return await tool.run(self._parts, call.caller, asked)

    async def _only_workspace(self, caller: Caller, tool: Tool) -> UUID:
        """Return the workspace of an API key; a person is told which there are to choose from."""
        principal = caller.principal
        if principal.scope is not None:
            return principal.scope.workspace_id
        places = principal.places(tool.permission)
        ids = None if places is None else sorted(places)
        names = ", ".join(await self._means.workspaces(ids, _PLACES)) or "none you may see"
        raise invalid("/workspace", f"name the workspace; there are: {names}")


class _Call:
    """What is known of a call so far: the caller in its workspace, and what it is about."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.told: dict[str, JSON] = {}


def _checked(tool: Tool, given: Mapping[str, JSON]) -> Arguments:
    """Return the arguments, or refuse them by the places that are wrong; never quotes them."""
    try:
        return tool.arguments.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        errors = [
            FieldError(
                "".join(f"/{part}" for part in each["loc"]),
                each["msg"].removeprefix("Value error, "),
            )
            for each in found
        ]
        detail = f"{errors[0].pointer or '/'}: {errors[0].detail}"
        raise Problem("invalid-request", detail, errors=errors) from None


def in_words(problem: Problem, request_id: str) -> str:
    """Return a refusal as a model reads it: code, what was wrong, what can be done about it."""
    lines = [f"{problem.code}: {problem.detail}"]
    if len(problem.errors) > 1 or any(
        each.pointer not in problem.detail for each in problem.errors
    ):
        lines += [f"- {each.pointer or '/'}: {each.detail}" for each in problem.errors[:_PLACES]]
    lines.append(f"What to do: {problem.kind.advice}")
    text = "\n".join(lines)[:_LONGEST_REFUSAL]
    return f"{text}\n(request {request_id})"
