"""From a slug in an address to a workspace, without asking the database for every request."""

import asyncio
import time
from uuid import UUID

import structlog

from central_config.access.model import WorkspaceRef
from central_config.core.db import lost_connection
from central_config.workspaces.service import WorkspaceService

log = structlog.get_logger(__name__)

# How long a name is believed without looking again (seconds).
BELIEVED_FOR = 2.0


class WorkspaceDirectory:
    """Remembers which workspace a slug names.

    A name that was known is answered at once and looked up again behind the answer, so that reads
    go on while the database is away.
    """

    def __init__(self, workspaces: WorkspaceService) -> None:
        self._workspaces = workspaces
        self._known: dict[str, tuple[WorkspaceRef, float]] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}

    async def resolve(self, name: str | UUID) -> WorkspaceRef | None:
        """Return the workspace with the slug or id, or None."""
        if isinstance(name, UUID):
            found = await self._workspaces.by_id(name)
            return None if found is None else WorkspaceRef(found.id, found.slug)
        known = self._known.get(name)
        if known is None:
            await self._look(name)
            known = self._known.get(name)
        elif time.monotonic() - known[1] > BELIEVED_FOR and name not in self._looking:
            task = asyncio.create_task(self._look_again(name))
            self._looking[name] = task
        return None if known is None else known[0]

    async def _look(self, slug: str) -> None:
        found = await self._workspaces.find(slug)
        if found is None:
            self._known.pop(slug, None)
        else:
            self._known[slug] = (WorkspaceRef(found.id, found.slug), time.monotonic())

    async def _look_again(self, slug: str) -> None:
        try:
            await self._look(slug)
        except Exception as error:
            if not lost_connection(error):
                log.exception("workspace could not be looked up", workspace=slug)
        finally:
            del self._looking[slug]
