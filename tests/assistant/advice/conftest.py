"""A service with the assistant switched on, in the test's process, and a past to order."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from central_config.api.bootstrap import bootstrap
from central_config.api.edge import Application
from central_config.api.services import Services
from central_config.core.db import transaction
from central_config.core.json import decode, encode
from central_config.core.settings import Settings
from tests.support.api import ADMIN, ADMIN_PASSWORD
from tests.support.asgi import Answered, ask, running, scope_of

DAYS = 40


class House:
    """A running service, a workspace `shop` with base <- staging, base <- prod, and its admin."""

    def __init__(self, services: Services, app: Application) -> None:
        self.services = services
        self.app = app
        self.token = ""

    async def send(
        self, method: str, path: str, body: Any = None, token: str | None = None, **headers: str
    ) -> Answered:
        """Send a request; paths are below /api/v1."""
        path, _, query = path.partition("?")
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token or self.token:
            given["authorization"] = f"Bearer {token or self.token}"
        if body is not None:
            given["content-type"] = "application/json"
        scope = scope_of(method, f"/api/v1{path}", given, query)
        return await ask(self.app, scope, b"" if body is None else encode(body))

    async def ok(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Send a request that must succeed; return the decoded answer."""
        answer = await self.send(method, path, body, **more)
        assert answer.status < 400, f"{method} {path}: {answer.status} {answer.body!r}"
        return decode(answer.body) if answer.body else None

    async def put(self, environment: str, values: Mapping[str, Any], **more: Any) -> None:
        """Publish some values in one change."""
        edits = [
            {"environment": environment, "key": key, "action": "set", "value": value, **more}
            for key, value in values.items()
        ]
        revision = (await self.ok("GET", "/workspaces/shop"))["revision"]
        body = {
            "message": "test",
            "edits": edits,
            "action": "publish",
            "base_revision": revision,
        }
        await self.ok("POST", "/workspaces/shop/changes", body)

    async def key(self, **more: Any) -> str:
        """Create an API key of the workspace; return its token."""
        body = {"name": f"k{len(more)}{id(more)}", "workspace": "shop", "access": "read", **more}
        body.setdefault("secrets", False)
        return (await self.ok("POST", "/keys", body))["token"]

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        """Run a statement."""
        async with transaction(self.services.database) as connection:
            found = await connection.execute(text(statement), values)
            return list(found) if found.returns_rows else []

    async def age(self, days: int = DAYS) -> None:
        """Let everything have happened so many days earlier; somebody counted all the time."""
        for table, column in (
            ("cc_revision", "published_at"),
            ("cc_use_counting", "began_at"),
            ("cc_key_use", "last_read_at"),
        ):
            back = f"{column} = {column} - make_interval(days => :days)"
            await self.sql(f"UPDATE {table} SET {back}", days=days)  # noqa: S608 - names above

    async def count(self) -> None:
        """Write down what was read, as happens once a minute."""
        assert self.services.counting is not None
        await self.services.counting.keep()


class Counted(NamedTuple):
    """A row of what was read."""

    environment: str
    part: bool
    name: str
    reads: int


async def counted(house: House) -> list[Counted]:
    """Return what has been written down."""
    rows = await house.sql(
        """SELECT e.slug, k.part, k.name, k.reads FROM cc_key_use AS k
           JOIN cc_environment AS e ON e.id = k.environment_id ORDER BY 1, 2, 3"""
    )
    return [Counted(*row) for row in rows]


@contextlib.asynccontextmanager
async def opened(settings: Settings, *, ai_enabled: bool = True) -> AsyncGenerator[House]:
    """Run a service on the settings' database, signed in as the administrator."""
    settings = Settings(**settings.model_dump(exclude_none=True) | {"ai_enabled": ai_enabled})
    async with running(settings) as (services, control):
        house = House(services, services.front(control))
        body = {"username": ADMIN, "password": ADMIN_PASSWORD}
        house.token = (await house.ok("POST", "/sessions", body))["token"]
        yield house


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    """The service, with an empty workspace."""
    given = settings.model_dump(exclude_none=True) | {"admin_password": ADMIN_PASSWORD}
    await bootstrap(Settings(**given))
    async with opened(settings) as house:
        await house.ok("POST", "/workspaces", {"slug": "shop"})
        for slug, parent in (("base", None), ("staging", "base"), ("prod", "base")):
            body = {"slug": slug, "parent": parent}
            await house.ok("POST", "/workspaces/shop/environments", body)
        yield house
