"""A request as the fast paths see it, and the books that are kept of every answer."""

import itertools
import os
import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from central_config.access.model import Principal
from central_config.core.logging import access_line
from central_config.core.metrics import HTTP

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_process = os.urandom(8).hex()
_process_bytes = _process.encode()
_counter = itertools.count(int.from_bytes(os.urandom(4), "big"))

NOSNIFF: Header = (b"x-content-type-options", b"nosniff")


def request_id(given: bytes | None) -> str:
    """Return the id a client gave its request, or a new one: this process and a counter."""
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given.decode()
    return f"{_process}{next(_counter):016x}"


def request_id_header(given: bytes | None) -> Header:
    """Return the same as the header of an answer."""
    if given is not None and _REQUEST_ID.fullmatch(given):
        return b"x-request-id", given
    return b"x-request-id", b"%b%016x" % (_process_bytes, next(_counter))


class Ask:
    """One request on a fast path.

    `headers` holds each name once (the paths decline requests that repeat one). `began` is
    `time.perf_counter()`.
    """

    __slots__ = ("began", "client_ip", "headers", "method", "path", "query", "request_id", "scope")

    def __init__(self, scope: Scope, headers: Mapping[bytes, bytes], client_ip: str) -> None:
        self.began = time.perf_counter()
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope.get("query_string", b"")
        self.headers = headers
        self.request_id = request_id(headers.get(b"x-request-id"))
        self.client_ip = client_ip

    def finish(self, route: str, status: int, principal: Principal | None) -> None:
        """Count the answer and write its access line, as the control plane does for its own."""
        seconds = time.perf_counter() - self.began
        HTTP.of(self.method, route).add(status, seconds)
        write_line(self, route, status, seconds, principal)


def write_line(
    ask: Ask, route: str, status: int, seconds: float, principal: Principal | None
) -> None:
    """Write the access line of one answer."""
    access_line(
        client_ip=ask.client_ip,
        method=ask.method,
        route=route,
        path=ask.path,
        status=status,
        duration_ms=round(seconds * 1000, 2),
        request_id=ask.request_id,
        principal=None if principal is None else principal.name,
    )
