"""The outermost callable: which plane a request belongs to."""

from central_config.api.plane.exchange import Application, Message, Receive, Scope, Send
from central_config.api.plane.reads import PREFIX, ReadPath
from central_config.api.plane.watches import PREFIX as WATCH_PREFIX
from central_config.api.plane.watches import WatchPath
from central_config.api.plane.writes import METHODS as WRITES
from central_config.api.plane.writes import WritePath

_READS = frozenset({"GET", "HEAD"})


class DataPlane:
    """Answers what the fast paths can; everything else goes to the control plane."""

    def __init__(
        self, control: Application, reads: ReadPath, watches: WatchPath, writes: WritePath
    ) -> None:
        self._control = control
        self._reads = reads
        self._watches = watches
        self._writes = writes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            if scope["method"] in _READS and scope["path"].startswith(PREFIX):
                reply = self._reads.find(scope)
                if reply is not None:
                    await send(reply[0])
                    await send(reply[1])
                    return
            left = await self._other(scope, receive, send)
            if left is None:
                return
            receive = left
        await self._control(scope, receive, send)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> Receive | None:
        """Answer a write or a watch; return where the control plane reads from, None if done."""
        method = scope["method"]
        if method in WRITES:
            return await self._writes.answer(scope, receive, send)
        if scope["path"].startswith(WATCH_PREFIX):
            # It has no end, so nobody can ask for its headers only.
            if method == "GET" and await self._watches.answer(scope, receive, send):
                return None
        elif method == "HEAD":
            await self._control({**scope, "method": "GET"}, receive, _headers_only(send))
            return None
        return receive


def _headers_only(send: Send) -> Send:
    """Return a `send` that leaves out the body, as an answer to HEAD does."""

    async def without_body(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return without_body
