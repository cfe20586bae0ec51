"""A workspace of two authors in the test's own process, and plans that are run on it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from central_config.access.model import (
    PERMISSIONS,
    Caller,
    KeyScope,
    Principal,
    WorkspaceRef,
    key_principal,
)
from central_config.api.services import Services
from central_config.assistant.cache.answers import Answers
from central_config.assistant.model.plans import Plan
from central_config.assistant.model.rows import Rows
from central_config.assistant.service.asking import Asking
from central_config.assistant.service.engine import KnownEngine
from central_config.assistant.service.engine.calls import Calls
from central_config.assistant.service.executing import Executing
from central_config.assistant.service.modelling import ModelPlanners
from central_config.assistant.service.searching import Searching
from central_config.assistant.service.synonyms import Synonyms
from central_config.assistant.service.uses import Uses
from central_config.assistant.service.vocabularies import Vocabularies
from central_config.audit.model import Actor
from central_config.configurations.model.changes import Condition, Outcome
from central_config.configurations.service.edits import Wish
from central_config.configurations.service.history import History
from central_config.configurations.service.publishing import Publishing
from central_config.configurations.service.reading import Reading
from central_config.configurations.service.topologies import Environments
from central_config.core.clock import SystemClock
from central_config.core.db import transaction
from central_config.core.ids import new_id
from central_config.core.settings import Settings
from central_config.workspaces.model import Environment
from central_config.workspaces.service import WorkspaceService


def now() -> datetime:
    return datetime.now(UTC)


def put(environment: str, key: str, value: Any, **more: Any) -> Wish:
    return Wish(environment, key, "set", value, **more)


def drop(environment: str, key: str) -> Wish:
    return Wish(environment, key, "remove")


class World:
    """A workspace with base <- staging, base <- prod; Ann and Bob publish, Vic only reads."""

    def __init__(self, services: Services) -> None:
        self.services = services
        reading, history = services.by_type[Reading], services.by_type[History]
        self.uses = Uses(services.database, SystemClock())
        searching = Searching(services.snapshots, reading, history, self.uses)
        self.executing = Executing(reading, history, searching)
        self.synonyms = Synonyms(services.database, SystemClock())
        self.vocabularies = Vocabularies(services.snapshots, history, self.synonyms)
        services.snapshots.listen(self.vocabularies.take)
        self.place = WorkspaceRef(new_id(), "")

    def asking(self, engine: KnownEngine) -> Asking:
        """What answers questions, with this model where rules end."""
        services = self.services
        calls = Calls(engine, services.database, SystemClock(), Answers())
        return Asking(self.vocabularies, ModelPlanners(calls), self.executing, SystemClock())

    async def open(self) -> None:
        slug = f"w{new_id().hex[-12:]}"
        made = await self.services.by_type[WorkspaceService].create(self.user("ann"), slug, "", "")
        self.place = WorkspaceRef(made.id, slug)
        for name, parent in (("base", None), ("staging", "base"), ("prod", "base")):
            await self.environment(name, parent)

    async def environment(self, name: str, parent: str | None) -> None:
        made = Environment(new_id(), name, None, requires_approval=False)
        await self.services.by_type[Environments].create(self.user("ann"), made, parent)

    def user(self, name: str, *permissions: str) -> Caller:
        principal = Principal("user", new_id(), name, {None: frozenset(permissions or PERMISSIONS)})
        return Caller(principal, Actor("user", principal.id, name), self.place)

    @property
    def vic(self) -> Caller:
        return self.user("vic", "workspace.read", "config.read")

    def key(self, *environments: str, prefix: str = "", secrets: bool = False) -> Caller:
        scope = KeyScope(
            self.place.id, frozenset(environments) or None, prefix, "read", secrets=secrets
        )
        principal = key_principal(new_id(), "app", scope, None)
        return Caller(principal, principal.actor(), self.place)

    async def publish(self, author: str, *wishes: Wish, message: str = "") -> int:
        """Publish one revision; return it."""
        done = await self.services.by_type[Publishing].write(
            self.user(author), wishes, message=message, condition=Condition(), kind="batch"
        )
        assert isinstance(done, Outcome)
        return done.revision

    async def sql(self, statement: str, **values: Any) -> None:
        async with transaction(self.services.database) as connection:
            await connection.execute(text(statement), values)

    async def age(self, days: int) -> None:
        """Let everything that was published have been published so many days earlier."""
        await self.sql(
            "UPDATE cc_revision SET published_at = published_at - make_interval(days => :days)"
            " WHERE workspace_id = :id", days=days, id=self.place.id,
        )  # fmt: skip

    async def run(self, intent: str, *, who: Caller | None = None, **conditions: Any) -> Rows:
        plan = Plan(intent=intent, **conditions)  # type: ignore[arg-type]
        return await self.executing.run(who or self.vic, plan, now())

    async def found(self, intent: str, **conditions: Any) -> list[str]:
        """What was found, as `environment:key`, in its order."""
        rows = await self.run(intent, **conditions)
        return [":".join(str(part) for part in each) for each in rows.ids]


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    services = Services(settings)
    services.writer.start()
    made = World(services)
    await made.open()
    yield made
    await services.stop()
