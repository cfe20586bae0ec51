"""Between this package's requests and httpx2, for both of its clients."""

from collections.abc import Callable
from typing import Any

import httpx2

from central_config_client.feed import Head, Lost
from central_config_client.options import Connection
from central_config_client.wire import API, Answer, Request

AGENT = "central-config-client-python"
_NEVER_REACHED = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)


def arguments(connection: Connection) -> dict[str, Any]:
    """Return what the clients of httpx2 are made with."""
    timeout = httpx2.Timeout(connection.timeout, connect=connection.connect_timeout)
    headers = {"user-agent": AGENT, "accept": "application/json"}
    base = connection.base_url() + API
    return {"base_url": base, "timeout": timeout, "headers": headers, **connection.http}


def prepared(
    client: httpx2.Client | httpx2.AsyncClient,
    connection: Connection,
    request: Request,
    trace: Callable[..., object] | None = None,
) -> httpx2.Request:
    """Return a request as httpx2 sends it, with the present API key."""
    headers = {"authorization": f"Bearer {connection.token()}", **request.headers}
    if request.content is not None:
        headers.setdefault("content-type", "application/json")
    read = connection.timeout if request.read_timeout is None else request.read_timeout
    return client.build_request(
        request.method,
        request.path,
        params=list(request.params),
        headers=headers,
        content=request.content,
        timeout=httpx2.Timeout(connection.timeout, connect=connection.connect_timeout, read=read),
        extensions=None if trace is None else {"trace": trace},
    )


def head_of(response: httpx2.Response) -> Head:
    """Return the beginning of an answer."""
    return Head(response.status_code, dict(response.headers))


def answered(response: httpx2.Response) -> Answer:
    """Return an answer that was read."""
    return Answer(response.status_code, dict(response.headers), response.content)


def lost_by(error: Exception) -> Lost:
    """Say how a connection broke."""
    reached = isinstance(error, httpx2.TransportError) and not isinstance(error, _NEVER_REACHED)
    return Lost(error, connected=reached, silent=isinstance(error, httpx2.ReadTimeout))
