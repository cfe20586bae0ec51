"""Environments from the side of values: moving one must not leave a reference hanging."""

from collections.abc import Mapping

from central_config.access.model import Caller
from central_config.configurations.cache import Snapshots
from central_config.configurations.model.differences import Side, differences
from central_config.configurations.model.state import WorkspaceState
from central_config.core.db import Connection
from central_config.core.problems import Problem
from central_config.workspaces.model import Environment, Locked, Topology
from central_config.workspaces.service import WorkspaceService


class Environments:
    """Creates, moves and deletes environments; each of these is a revision."""

    def __init__(self, workspaces: WorkspaceService, snapshots: Snapshots) -> None:
        self._workspaces = workspaces
        self._snapshots = snapshots

    async def create(
        self, caller: Caller, environment: Environment, parent: str | None
    ) -> tuple[Environment, int, Topology]:
        """Create an environment below `parent`; return it, its first revision, and all of them.

        Raises:
            Problem: `invalid-request`, `already-exists`.
        """
        made = await self._workspaces.create_environment(caller, environment, parent, self._check)
        await self._snapshots.fresh(caller.place.id)
        return made

    async def update(
        self, caller: Caller, slug: str, values: Mapping[str, object]
    ) -> tuple[Environment, int, Topology]:
        """Set `parent` (a slug or None), `requires_approval` or `description`.

        Raises:
            Problem: `environment-not-found`, `invalid-request`, or the value that would not
                resolve any more.
        """
        made = await self._workspaces.update_environment(caller, slug, values, self._check)
        await self._snapshots.fresh(caller.place.id)
        return made

    async def delete(self, caller: Caller, slug: str) -> None:
        """Take an environment out of service.

        Raises:
            Problem: `environment-not-found`, `in-use`.
        """
        await self._workspaces.delete_environment(caller, slug, self._check)
        await self._snapshots.fresh(caller.place.id)

    async def _check(
        self, connection: Connection, locked: Locked, before: Topology, after: Topology
    ) -> None:
        """Try the environments `after` with the values as they are."""
        state = await self._snapshots.bring_up(connection, locked.id, locked.revision)
        moved = state.rebuilt(after, locked.revision, locked.published_at)
        _refuse_protected(state, moved)
        try:
            moved.check()
        except Problem as problem:
            gone = set(before.by_id) - set(after.by_id)
            if not gone:
                raise
            names = ", ".join(before.slug(each) for each in gone)
            raise Problem("in-use", f"{names} is referred to: {problem.detail}") from None


def _refuse_protected(before: WorkspaceState, after: WorkspaceState) -> None:
    """Refuse to change what a protected environment serves by moving or deleting environments.

    Whoever manages the workspace may take the protection off first: that is a step of its own, and
    the audit log has both.
    """
    for environment in before.topology.by_id.values():
        if not environment.requires_approval:
            continue
        detail = (
            f"it would change what {environment.slug} serves; set requires_approval false first"
        )
        left = Side(before, environment)
        if environment.id not in after.topology.by_id:
            if next(before.entries(environment.id), None) is not None:
                raise Problem("approval-required", detail)
        elif next(differences(left, Side(after, environment)), None) is not None:
            raise Problem("approval-required", detail)
