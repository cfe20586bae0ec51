"""Watches: a stream of Server-Sent Events held by one coroutine that waits for its end only.

The coroutine checks, opens the watch at the service, starts the answer, and then waits for the
client to hang up. Everything the client hears is sent by the broadcaster (`watch.hub`), without a
task or a timer per connection.
"""

import re
import time
from typing import NamedTuple
from urllib.parse import parse_qsl

from central_config.access.model import Caller
from central_config.api.clients import ClientAddresses
from central_config.api.guard import token_of
from central_config.api.plane.callers import KnownCallers
from central_config.api.plane.exchange import (
    NOSNIFF,
    Ask,
    Header,
    Receive,
    Scope,
    Send,
    write_line,
)
from central_config.api.plane.standing import Standing
from central_config.core.metrics import HTTP
from central_config.core.problems import Problem
from central_config.watch.service import Watching

ROUTE = "/api/v1/watch/{workspace}/{environment}"
PREFIX = "/api/v1/watch/"

_OK = 200
_EVENT_STREAM = b"text/event-stream"
_ADDRESS = re.compile(r"/api/v1/watch/([a-z0-9-]{1,63})/([a-z0-9-]{1,63})")
# As many digits as the control plane takes for a revision.
_REVISION = re.compile(r"[0-9]{1,18}")

_HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"content-type", b"text/event-stream; charset=utf-8"),
    NOSNIFF,
)


class Asked(NamedTuple):
    """What a watch is asked for."""

    workspace: str
    environment: str
    prefix: str
    since: int | None


class WatchPath:
    """GET of a watch as Server-Sent Events; long polls are the control plane's."""

    def __init__(
        self,
        callers: KnownCallers,
        watching: Watching,
        standing: Standing,
        addresses: ClientAddresses,
    ) -> None:
        self._callers = callers
        self._watching = watching
        self._standing = standing
        self._addresses = addresses
        self._tally = HTTP.of("GET", ROUTE)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Hold a watch until it ends; False: the control plane has to answer this request."""
        pairs = scope["headers"]
        headers = dict(pairs)
        if len(headers) != len(pairs) or _EVENT_STREAM not in headers.get(b"accept", b""):
            return False
        asked = _asked(scope["path"], scope["query_string"], headers.get(b"last-event-id", b""))
        if asked is None:
            return False
        forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1")
        ask = Ask(scope, headers, self._addresses.of(scope, forwarded))
        caller = await self._caller(ask, asked.workspace)
        if caller is None:
            return False
        try:
            stream, first = await self._watching.stream(
                caller, asked.environment, asked.prefix, asked.since, send
            )
        except Problem:
            return False
        token = _token(ask)
        right = self._standing.add(stream, token, caller.principal, caller.place, ask.client_ip)
        began = time.perf_counter() - ask.began
        try:
            own = (b"x-request-id", ask.request_id.encode())
            start = {"type": "http.response.start", "status": 200, "headers": [*_HEADERS, own]}
            await send(start)
            began = time.perf_counter() - ask.began
            self._watching.begin(stream, first)
            del first
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self._standing.remove(stream, right)
            self._watching.close(stream)
            self._tally.add(_OK, began)
            write_line(ask, ROUTE, _OK, began, caller.principal)
        return True

    def stop(self) -> None:
        """Stop looking after watches; the hub ends them."""
        self._standing.stop()

    async def _caller(self, ask: Ask, slug: str) -> Caller | None:
        """Return who asks; unlike a read, a watch may wait until that is known."""
        caller = self._callers.caller(ask, slug, "config.read")
        if caller is not None:
            return caller
        # After a restart all come back at once, and few may be known.
        try:
            token = _token(ask)
            if not token or await self._callers.access.learn(token) is None:
                return None
            await self._callers.directory.resolve(slug)
        except Problem:
            return None
        return self._callers.caller(ask, slug, "config.read")


def _token(ask: Ask) -> str:
    """Return the credential of a request, "" without one.

    Raises:
        Problem: `malformed-header`.
    """
    authorization, api_key = (
        None if value is None else value.decode("latin-1")
        for value in (ask.headers.get(b"authorization"), ask.headers.get(b"x-api-key"))
    )
    return token_of(authorization, api_key) or ""


def _asked(path: str, query: bytes, last_event_id: bytes) -> Asked | None:
    """Return what is asked for; None: the control plane must look at it."""
    address = _ADDRESS.fullmatch(path)
    if address is None:
        return None
    try:
        text = query.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True) if text else []
    except ValueError:
        return None
    given = dict(pairs)
    if len(given) != len(pairs) or not given.keys() <= {"prefix", "revision"}:
        return None
    prefix = given.get("prefix", "")
    revision = last_event_id.decode("latin-1").strip() or given.get("revision")
    if "\0" in prefix or not all(
        _REVISION.fullmatch(each) for each in (revision, given.get("revision")) if each is not None
    ):
        return None
    return Asked(address[1], address[2], prefix, None if revision is None else int(revision))
