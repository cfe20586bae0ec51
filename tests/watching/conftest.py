"""The services of one process, on a database of the test's own, without HTTP."""

from collections.abc import AsyncIterator

import pytest

from central_config.access.model import PERMISSIONS, Caller, Principal, WorkspaceRef
from central_config.api.services import Services
from central_config.audit.model import Actor
from central_config.configurations.model.changes import Condition, Outcome
from central_config.configurations.service.edits import Wish
from central_config.configurations.service.publishing import Publishing
from central_config.configurations.service.topologies import Environments
from central_config.core.ids import new_id
from central_config.core.settings import Settings
from central_config.workspaces.model import Environment
from central_config.workspaces.service import WorkspaceService


def caller(place: WorkspaceRef | None) -> Caller:
    principal = Principal("user", new_id(), "admin", {None: frozenset(PERMISSIONS)})
    return Caller(principal, Actor("user", principal.id, principal.name), place)


class Process:
    """A replica whose relay runs only when the test calls it."""

    def __init__(self, settings: Settings) -> None:
        self.services = Services(settings)
        self.services.writer.start()

    async def workspace(self) -> Caller:
        """Create a workspace with the environments base and prod; return its administrator."""
        slug = f"w{new_id().hex[-12:]}"
        made = await self.services.by_type[WorkspaceService].create(caller(None), slug, "", "")
        admin = caller(WorkspaceRef(made.id, slug))
        await self.environment(admin, "base")
        await self.environment(admin, "prod", "base")
        return admin

    async def environment(self, admin: Caller, slug: str, parent: str | None = None) -> None:
        environment = Environment(new_id(), slug, None, requires_approval=False)
        await self.services.by_type[Environments].create(admin, environment, parent)

    async def put(self, admin: Caller, *wishes: Wish) -> int:
        """Publish one revision; return it."""
        done = await self.services.by_type[Publishing].write(
            admin, wishes, message="", condition=Condition(), kind="batch"
        )
        assert isinstance(done, Outcome)
        return done.revision


@pytest.fixture
async def process(settings: Settings) -> AsyncIterator[Process]:
    """A replica with a pool of two connections."""
    found = Process(
        settings.model_copy(
            update={
                "database_pool_size": 2,
                "database_max_overflow": 0,
                "database_pool_timeout": 2,
            }
        )
    )
    yield found
    await found.services.stop()


@pytest.fixture
async def other(settings: Settings) -> AsyncIterator[Process]:
    """A second replica."""
    found = Process(settings)
    yield found
    await found.services.stop()
