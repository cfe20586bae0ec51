"""Forgetting the past on purpose: history before a revision is deleted, the present is not."""

from datetime import datetime

from central_config.access.model import Caller
from central_config.audit.model import Event
from central_config.audit.service import record
from central_config.configurations.cache import Snapshots
from central_config.configurations.store import history as store
from central_config.core.clock import Clock
from central_config.core.db import Database, transaction
from central_config.core.problems import Problem
from central_config.workspaces.service import (
    lock_one,
    revision_of,
    update_workspace,
    workspace_by_id,
)


class Compaction:
    """Deletes versions that no revision from a chosen one on can show."""

    def __init__(self, database: Database, snapshots: Snapshots, clock: Clock) -> None:
        self._database = database
        self._snapshots = snapshots
        self._clock = clock

    async def compact(self, caller: Caller, before: int | datetime) -> tuple[int, int]:
        """Make `before` the oldest revision that can be read; return it and the versions deleted.

        Raises:
            Problem: `revision-compacted` when that was done already.
        """
        place = caller.place
        async with transaction(self._database) as connection:
            await lock_one(connection, place.id)
            workspace = await workspace_by_id(connection, place.id)
            if workspace is None:
                raise Problem("workspace-not-found", "the workspace was deleted")
            oldest = await revision_of(connection, workspace, before)
            deleted = await store.compact_versions(connection, place.id, oldest)
            await update_workspace(connection, place.id, {"oldest_revision": oldest})
            event = Event(
                "workspace.compacted",
                place.slug,
                caller.actor,
                place.id,
                {"oldest_revision": oldest, "versions_deleted": deleted},
            )
            await record(connection, [event], self._clock)
        self._snapshots.forget_past(place.id)
        return oldest, deleted
