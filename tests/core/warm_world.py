"""A workspace with a random history, and copies of it in Redis."""

import json
import random
from typing import Any
from uuid import UUID

import asyncpg

from central_config.configurations.cache import Snapshots, filling
from central_config.configurations.cache.keeper import Keeper
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.store.warm import WarmStore
from central_config.core.db import connect_arguments
from central_config.core.ids import new_id
from central_config.core.settings import Settings
from tests.support.api import ADMIN_PASSWORD
from tests.support.asgi import InProcess, ask, scope_of

KEYS = [f"{group}/{name}" for group in ("app", "db", "x") for name in "abcdef"]


class World:
    """A workspace in a running application, and copies of it."""

    def __init__(self, api: InProcess, settings: Settings, seed: int = 0) -> None:
        self.api = api
        self.settings = settings
        self.random = random.Random(seed)  # noqa: S311 - a test's choice, no secret
        self.session: dict[str, str] = {}
        self.slugs = ["base", "staging", "prod"]
        self.id = UUID(int=0)
        services = api.services
        assert services.warm is not None
        self.store = services.warm
        self.keeper = Keeper(services.database, services.snapshots, self.store)

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        given = {"content-type": "application/json", **self.session, **headers}
        sent = b"" if body is None else json.dumps(body).encode()
        answer = await ask(self.api.control, scope_of(method, f"/api/v1{path}", given), sent)
        return answer.status, json.loads(answer.body) if answer.body else None

    async def prepare(self) -> None:
        await self.api.services.access.bootstrap()
        credentials = {"username": "admin", "password": ADMIN_PASSWORD}
        _, made = await self.call("POST", "/sessions", credentials)
        self.session = {"authorization": f"Bearer {made['token']}"}
        _, made = await self.call("POST", "/workspaces", {"slug": "shop"})
        self.id = UUID(made["id"])
        for slug in self.slugs:
            parent = None if slug == "base" else "base"
            await self.call(
                "POST", "/workspaces/shop/environments", {"slug": slug, "parent": parent}
            )

    async def put(self, key: str, value: Any, environment: str = "base") -> int:
        path = f"/config/shop/{environment}/{key}"
        _, done = await self.call("PUT", path, {"value": value}, **{"if-match": "*"})
        return int(done["revision"])

    async def step(self) -> None:
        """Do something at random; much of it is refused."""
        choose = self.random.choice
        environment, key = choose(self.slugs), choose(KEYS)
        place, any_revision = f"/config/shop/{environment}/{key}", {"if-match": "*"}
        match self.random.random():
            case chance if chance < 0.45:
                value: Any = [1, "text", {"a": [1]}, "${app/a}", "x-${db/b}", "${env:base/x/a}"]
                body = {"value": choose(value), "secret": self.random.random() < 0.06}
                await self.call("PUT", place, body, **any_revision)
            case chance if chance < 0.58:
                status = choose(["active", "deprecated", "archived"])
                await self.call("PATCH", place, {"status": status}, **any_revision)
            case chance if chance < 0.70:
                await self.call("DELETE", place, **any_revision)
            case chance if chance < 0.76:
                await self.call("PATCH", f"/workspaces/shop/keys/{key}", {"secret": True})
            case chance if chance < 0.84:
                await self.rule()
            case chance if chance < 0.86:
                _, shop = await self.call("GET", "/workspaces/shop")
                before = max(0, shop["revision"] - self.random.randrange(12))
                await self.call("POST", "/workspaces/shop/compact", {"before": before})
            case _:
                await self.environment()

    async def rule(self) -> None:
        name, path = f"r{self.random.randrange(3)}", "/workspaces/shop/schemas"
        body = {"name": name, "pattern": "app/**", "schema": {"type": "string"}, "mode": "warn"}
        if self.random.random() < 0.6:
            await self.call("POST", path, body)
        else:
            await self.call("DELETE", f"{path}/{name}")

    async def environment(self) -> None:
        path, choose = "/workspaces/shop/environments", self.random.choice
        match self.random.random():
            case chance if chance < 0.4:
                slug = f"e{new_id().hex[-6:]}"
                status, _ = await self.call(
                    "POST", path, {"slug": slug, "parent": choose(self.slugs)}
                )
                if status == 201:
                    self.slugs.append(slug)
            case chance if chance < 0.7:
                slug = choose(self.slugs[1:])
                await self.call("PATCH", f"{path}/{slug}", {"parent": choose(self.slugs)})
            case _:
                slug = choose(self.slugs[1:])
                status, _ = await self.call("DELETE", f"{path}/{slug}")
                if status < 300:
                    self.slugs.remove(slug)

    async def copy(self) -> None:
        """Write a copy of what is held now, or replace the one that is there."""
        await self.keeper._write(self.id)

    async def cold(self, *, warm: bool) -> tuple[WorkspaceState, str]:
        """Load as a process that starts now would; return the state and where it came from."""
        services = self.api.services
        store = WarmStore.of(self.settings, services.vault) if warm else None
        snapshots = Snapshots(services.database, services.vault, store)
        before = loads("redis")
        try:
            state = await snapshots.get(self.id)
        finally:
            if store is not None:
                await store.close()
        return state, "redis" if loads("redis") > before else "postgresql"

    async def sql(self, statement: str, *values: Any) -> Any:
        url = self.settings.require_database_url()
        connection = await asyncpg.connect(**connect_arguments(url))
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()


def loads(source: str) -> float:
    """Return how many loads from a source were counted."""
    for sample in filling.SNAPSHOT_LOAD.labels(source).collect()[0].samples:
        if sample.name.endswith("_count"):
            return sample.value
    return 0.0
