"""The route: one address, POST only, for every message of the protocol."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from central_config.access.model import SIGNED_IN, Caller
from central_config.assistant.routes.mcp.door import Door
from central_config.assistant.service.tool_log import ToolLog
from central_config.core.problems import Problem
from central_config.core.web import provided, requires

# Where the route leaves who asks.
CALLER = "mcp_caller"

router = APIRouter(include_in_schema=False)


class Speaker(Protocol):
    """What speaks the protocol."""

    def run(self) -> AbstractAsyncContextManager[None]:
        """Return what must be entered while requests are answered, once."""
        ...

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whose caller stands in its scope."""
        ...


class Mcp:
    """The MCP server of an application and its books, or the word that there is none."""

    def __init__(
        self,
        speaker: Speaker | None = None,
        books: ToolLog | None = None,
        door: Door | None = None,
    ) -> None:
        self._speaker = speaker
        self._books = books
        self._door = door

    @asynccontextmanager
    async def run(self) -> AsyncGenerator[None]:
        """Be ready for requests while the block runs; needs a database to its very end."""
        async with AsyncExitStack() as open_parts:
            # The books close last: they hold the calls that the speaker's end cuts short.
            for each in (self._books, self._speaker):
                if each is not None:
                    await open_parts.enter_async_context(each.run())
            yield

    def check(self, host: str | None, origin: str | None) -> None:
        """Let a request in, by the headers of these names.

        Raises:
            Problem: `origin-refused`.
        """
        if self._door is not None:
            self._door.check(host, origin)

    @property
    def speaker(self) -> Speaker:
        """What answers.

        Raises:
            Problem: `not-found` where it is switched off.
        """
        if self._speaker is None:
            raise Problem("not-found", "there is no MCP server here (MCP_ENABLED)")
        return self._speaker


McpService = Annotated[Mcp, provided(Mcp)]


async def _welcome(request: Request, mcp: McpService) -> None:
    mcp.check(request.headers.get("host"), request.headers.get("origin"))


@router.post("/mcp", dependencies=[Depends(_welcome)])
async def speak_mcp(
    request: Request, caller: Annotated[Caller, requires(SIGNED_IN)], mcp: McpService
) -> Response:
    """Answer a message of the Model Context Protocol."""
    request.scope[CALLER] = caller
    return _Spoken(mcp.speaker.answer)


class _Spoken(Response):
    """An answer that the protocol's own code writes."""

    def __init__(self, answer: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        super().__init__()
        self._answer = answer

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(scope, receive, send)
