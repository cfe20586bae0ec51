"""The application in the test's own process, asked without a network in between."""

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, NamedTuple

from central_config.api.app import build_control_plane
from central_config.api.edge import Application, Edge
from central_config.api.idempotency import Idempotency
from central_config.api.plane.exchange import Scope
from central_config.api.services import Services
from central_config.core.clock import SystemClock
from central_config.core.settings import Settings
from tests.support.api import ADMIN_PASSWORD


class Answered(NamedTuple):
    """An answer as it went over the border of the application."""

    status: int
    headers: dict[str, str]
    body: bytes


def scope_of(
    method: str, path: str, headers: Mapping[str, str] = {}, query: str = ""
) -> dict[str, Any]:
    """Return what a server hands to the application for a request."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }


def answered(messages: Sequence[Mapping[str, Any]]) -> Answered:
    """Return the messages of one answer put together."""
    headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in messages[1:])
    return Answered(messages[0]["status"], headers, body)


async def ask(app: Application, scope: Scope, body: bytes = b"") -> Answered:
    """Send one request through an application."""
    messages: list[Mapping[str, Any]] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        messages.append(message)

    await app(scope, receive, send)
    return answered(messages)


class InProcess(NamedTuple):
    """The parts of a running application; `control` is everything behind the data plane."""

    services: Services
    control: Application


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncGenerator[InProcess]:
    """Run the services of an application in this process; the administrator is the usual one."""
    given = settings.model_dump(exclude_none=True) | {"admin_password": ADMIN_PASSWORD}
    settings = Settings(**given)
    services = Services(settings)
    keeping = Idempotency(
        services.database, services.vault, SystemClock(), services.access.authenticate
    )
    control = Edge(build_control_plane(services), settings, keeping)
    await services.start()
    try:
        yield InProcess(services, control)
    finally:
        await services.stop()
