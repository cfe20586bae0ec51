"""From a slug in an address to a workspace, without asking the database for every request."""

import asyncio
import time
from uuid import UUID

from central_config.access.model import WorkspaceRef
from central_config.core.db import lost_connection
from central_config.workspaces.service import WorkspaceService

# How long a name is believed (seconds). Deleting a workspace drops its state at once; only a new
# workspace with the name of a deleted one waits this long.
BELIEVED_FOR = 2.0
# How long somebody who knows a name already waits for the database to confirm it (seconds).
PATIENCE = 1.0


class WorkspaceDirectory:
    """Remembers which workspace a slug names."""

    def __init__(self, workspaces: WorkspaceService) -> None:
        self._workspaces = workspaces
        self._known: dict[str, tuple[WorkspaceRef, float]] = {}

    async def resolve(self, name: str | UUID) -> WorkspaceRef | None:
        """Return the workspace with the slug or id, or None."""
        if isinstance(name, UUID):
            found = await self._workspaces.by_id(name)
            return None if found is None else WorkspaceRef(found.id, found.slug)
        known = self._known.get(name)
        if known is not None and time.monotonic() - known[1] < BELIEVED_FOR:
            return known[0]
        try:
            async with asyncio.timeout(None if known is None else PATIENCE):
                found = await self._workspaces.find(name)
        except Exception as error:
            if known is None or not lost_connection(error):
                raise
            # Reads from memory go on without the database, and need the name for it.
            self._known[name] = (known[0], time.monotonic())
            return known[0]
        if found is None:
            self._known.pop(name, None)
            return None
        reference = WorkspaceRef(found.id, found.slug)
        self._known[name] = (reference, time.monotonic())
        return reference

    def forget(self) -> None:
        """Believe nothing any more."""
        self._known.clear()
