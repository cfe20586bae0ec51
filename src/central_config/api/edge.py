"""The outermost layer: what holds for every request, whichever route answers it.

Request id, client address, limits of size, strict JSON, metrics, one access line. A plain ASGI
callable, because it also runs for answers that never reach the framework.
"""

import asyncio
import contextlib
import json
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from central_config.api.clients import ClientAddresses
from central_config.api.idempotency import Idempotency
from central_config.api.problems import as_problem, render
from central_config.core.ids import new_id
from central_config.core.json import decode
from central_config.core.logging import access_line
from central_config.core.metrics import HTTP
from central_config.core.problems import Problem
from central_config.core.settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# PostgreSQL keeps no NUL, and routes take a newline at the end for nothing.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
# Anybody can invent further ones; each would be a row of metrics for ever.
_METHODS = _WITH_BODY | {"GET", "HEAD", "DELETE", "OPTIONS"}
# Probes come every few seconds from every side; their lines would drown the others.
_QUIET = ("/health",)
_JSON = "application/json"
_PREFIX = "/api/v1"
# What anybody may post, and nobody needs much room for (bytes): it is read before it is known who
# asks.
_PUBLIC = frozenset({"/api/v1/sessions", "/api/v1/incidents/alerts"})
_PUBLIC_LIMIT = 1024 * 1024
# What is read of a body that is refused (bytes), and for how long (seconds).
_DISCARDED, _DISCARDED_WITHIN = 4 * 1024 * 1024, 2.0
# Larger bodies are looked through beside the event loop (bytes).
_LARGE = 256 * 1024


class Edge:
    """Wraps the application."""

    def __init__(self, app: Application, settings: Settings, idempotency: Idempotency) -> None:
        self._app = app
        self._limit = settings.max_body_bytes
        self._addresses = ClientAddresses(settings)
        self._idempotency = idempotency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        given = headers.get(b"x-request-id", "")
        scope["request_id"] = given if _REQUEST_ID.fullmatch(given) else new_id().hex
        scope["client_ip"] = self._addresses.of(scope, headers.get(b"x-forwarded-for", ""))
        exchange = _Exchange(scope, send)
        try:
            receive = await self._checked(scope, headers, receive)
            await self._idempotency.answer(self._app, scope, headers, receive, exchange.send)
        except Exception as error:  # noqa: BLE001 - the last place that can answer at all
            if not exchange.started:
                await exchange.refuse(as_problem(error))
        finally:
            exchange.account()

    async def _checked(
        self, scope: Scope, headers: MutableMapping[bytes, str], receive: Receive
    ) -> Receive:
        """Read a body that is small enough and, where it says so, strict JSON; hand it on."""
        if _CONTROL.search(scope["path"]) or b"%00" in scope.get("query_string", b""):
            raise Problem("malformed-request", "an address holds no control characters")
        if scope["method"] not in _WITH_BODY:
            return receive
        limit = min(self._limit, _PUBLIC_LIMIT) if scope["path"] in _PUBLIC else self._limit
        length = headers.get(b"content-length", "0")
        if length.isdigit() and int(length) > limit:
            await _discard(receive)
            raise _too_large(limit)
        body = await _whole(receive, limit)
        kind = headers.get(b"content-type", "").partition(";")[0].strip().lower()
        if body and kind == _JSON:
            await _check_json(body)
        elif body and not _takes_text(scope["path"]):
            raise Problem("unsupported-media-type", f"send {_JSON}, not {kind[:80] or 'nothing'}")
        scope["body"] = body
        return _again(body, receive)


async def _whole(receive: Receive, limit: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        if not message.get("more_body"):
            return bytes(body)


async def _discard(receive: Receive) -> None:
    """Let the sender come to its end, if that is near: cut off while sending, it sees no answer."""
    left = _DISCARDED
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DISCARDED_WITHIN):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return


def _too_large(limit: int) -> Problem:
    return Problem("body-too-large", f"a body has at most {limit} bytes here")


def _takes_text(path: str) -> bool:
    return path.endswith("/import")


async def _check_json(body: bytes) -> None:
    try:
        decode(body)
        if len(body) < _LARGE:
            _refuse_duplicates(body)
        else:
            await asyncio.to_thread(_refuse_duplicates, body)
    except (ValueError, RecursionError) as error:
        # The decoder names the place, never the text around it.
        raise Problem("malformed-json", f"the body is no JSON document: {error}") from None


def _refuse_duplicates(body: bytes) -> None:
    """Refuse an object that names a member twice: which of the two was meant?"""

    def unique(pairs: list[tuple[str, object]]) -> None:
        if len({name for name, _ in pairs}) < len(pairs):
            message = "an object names a member twice"
            raise ValueError(message)

    json.loads(body, object_pairs_hook=unique)


def _again(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


class _Exchange:
    """One answer on its way out, and what is to be said of it afterwards."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._began = time.perf_counter()
        self._first: float | None = None
        self._status = 499  # the client went away before there was an answer
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self._first = time.perf_counter()
            self._status = message["status"]
            own = [
                (b"x-request-id", self._scope["request_id"].encode()),
                (b"x-content-type-options", b"nosniff"),
            ]
            message["headers"] = [*message.get("headers", []), *own]
        await self._send(message)

    async def refuse(self, problem: Problem) -> None:
        path, request_id = self._scope["path"], self._scope["request_id"]
        status, headers, body = render(problem, path, request_id)
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": pairs})
        await self.send({"type": "http.response.body", "body": body})

    def account(self) -> None:
        """Count the request and write its line."""
        route = self._scope.get("route")
        template = str(getattr(route, "path_format", "unmatched"))
        # The framework leaves the prefix of an included router out of the route.
        if self._scope["path"].startswith(_PREFIX) and not template.startswith(_PREFIX):
            template = _PREFIX + template if route is not None else template
        method = self._scope["method"]
        ended = self._first or time.perf_counter()
        HTTP.of(method if method in _METHODS else "OTHER", template).add(
            self._status, ended - self._began
        )
        path: str = self._scope["path"]
        if path.startswith(_QUIET):
            return
        principal = self._scope.get("principal")
        access_line(
            client_ip=self._scope["client_ip"],
            method=method,
            route=template,
            path=path,
            status=self._status,
            duration_ms=round((ended - self._began) * 1000, 2),
            request_id=self._scope["request_id"],
            principal=getattr(principal, "name", None),
        )
