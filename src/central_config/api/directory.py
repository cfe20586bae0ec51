"""From a slug in an address to a workspace, without asking the database for every request."""

import time
from uuid import UUID

from central_config.access.model import WorkspaceRef
from central_config.workspaces.service import WorkspaceService

# How long a name is believed (seconds). Deleting a workspace drops its state at once; only a new
# workspace with the name of a deleted one waits this long.
BELIEVED_FOR = 2.0


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
        found = await self._workspaces.find(name)
        if found is None:
            self._known.pop(name, None)
            return None
        reference = WorkspaceRef(found.id, found.slug)
        self._known[name] = (reference, time.monotonic())
        return reference

    def forget(self) -> None:
        """Believe nothing any more."""
        self._known.clear()
