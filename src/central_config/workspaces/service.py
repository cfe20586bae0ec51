"""Workspaces and environments: create, change, delete; and the timeline of revisions.

Changes of environments change what is served, so each takes a revision like any other change.
Whether a change of parents keeps every reference whole is for `configurations` to say: it hands in
a `check` that is asked inside the transaction, before anything is kept.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from central_config.access.model import Caller
from central_config.audit.model import Event
from central_config.audit.service import record
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, IntegrityError, transaction
from central_config.core.ids import new_id
from central_config.core.json import JSON
from central_config.core.problems import FieldError, Problem
from central_config.workspaces import store
from central_config.workspaces.model import (
    Environment,
    Locked,
    RevisionRow,
    Topology,
    Workspace,
    check_slug,
)
from central_config.workspaces.store import (
    ADVANCED,
    EXPECTED_WORKSPACE,
    REVISION_CHANNEL,
    advance,
    announcement,
    gaps,
    lock,
    move_past,
    notify,
    revision_at,
    revision_page,
    revision_rows,
    revisions_now,
    timeline,
    topology,
    topology_at,
    update_workspace,
    workspace_by_id,
)

# What works inside the caller's own transaction: the writer, the relay and compaction use these.
__all__ = [
    "ADVANCED",
    "EXPECTED_WORKSPACE",
    "REVISION_CHANNEL",
    "TopologyCheck",
    "WorkspaceService",
    "advance",
    "announcement",
    "gaps",
    "lock",
    "lock_one",
    "move_past",
    "notify",
    "revision_at",
    "revision_of",
    "revision_page",
    "revision_rows",
    "revisions_now",
    "timeline",
    "topology",
    "topology_at",
    "update_workspace",
    "workspace_by_id",
]

# Asked with the locked workspace, the environments before and after; raises a Problem to refuse.
TopologyCheck = Callable[[Connection, Locked, Topology, Topology], Awaitable[None]]

MAXIMUM_DEPTH = 8


class WorkspaceService:
    """The one entry to workspaces and environments."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def find(self, slug: str) -> Workspace | None:
        """Return the workspace with the slug, or None."""
        async with self._database.connect() as connection:
            return await store.workspace_by_slug(connection, slug)

    async def by_id(self, workspace_id: UUID) -> Workspace | None:
        """Return the workspace with the id, or None."""
        async with self._database.connect() as connection:
            return await store.workspace_by_id(connection, workspace_id)

    async def page(
        self, only: Sequence[UUID] | None, after: str | None, limit: int
    ) -> list[Workspace]:
        """Return workspaces by slug; `only` limits to these ids, None means all."""
        async with self._database.connect() as connection:
            return await store.workspaces(connection, only, after, limit)

    async def names(self, only: Sequence[UUID] | None, limit: int) -> list[str]:
        """Return the first slugs; `only` limits to these ids, None means all."""
        return [each.slug for each in await self.page(only, None, limit)]

    async def create(self, caller: Caller, slug: str, name: str, description: str) -> Workspace:
        """Create an empty workspace at revision 0.

        Raises:
            Problem: `invalid-request` for the slug, `already-exists`.
        """
        check_slug(slug)
        made = Workspace(new_id(), slug, name or slug, description, 0, 0, self._clock.now())
        try:
            async with transaction(self._database) as connection:
                await store.insert_workspace(connection, made)
                event = Event("workspace.created", slug, caller.actor, made.id, {"name": made.name})
                await record(connection, [event], self._clock)
        except IntegrityError:
            raise Problem("already-exists", f"a workspace {slug!r} exists") from None
        return made

    async def update(self, caller: Caller, values: Mapping[str, str]) -> Workspace:
        """Set the name or description of the caller's workspace."""
        place = caller.place
        async with transaction(self._database) as connection:
            if values:
                await store.update_workspace(connection, place.id, values)
                details: dict[str, JSON] = dict(values)
                event = Event("workspace.updated", place.slug, caller.actor, place.id, details)
                await record(connection, [event], self._clock)
            found = await store.workspace_by_id(connection, place.id)
        if found is None:
            raise Problem("workspace-not-found", f"there is no workspace {place.slug!r}")
        return found

    async def delete(self, caller: Caller) -> None:
        """Take the workspace out of service; its rows stay for the audit log and for recovery."""
        place = caller.place
        async with transaction(self._database) as connection:
            locked = await self._lock(connection, caller)
            values = {"deleted_at": self._clock.now()}
            await store.update_workspace(connection, place.id, values)
            event = Event("workspace.deleted", place.slug, caller.actor, place.id, {})
            await record(connection, [event], self._clock)
            await store.notify(connection, {place.id: locked.revision})

    async def topology(self, workspace_id: UUID) -> Topology:
        """Return the environments as they are now."""
        async with self._database.connect() as connection:
            return await store.topology(connection, workspace_id)

    async def create_environment(
        self, caller: Caller, environment: Environment, parent: str | None, check: TopologyCheck
    ) -> tuple[Environment, int, Topology]:
        """Create an environment below `parent`; return it, its first revision, and all of them.

        Raises:
            Problem: `invalid-request`, `already-exists`, or what `check` refuses.
        """
        check_slug(environment.slug)

        async def build(connection: Connection, before: Topology) -> Topology:
            if environment.slug in before.by_slug:
                raise Problem("already-exists", f"an environment {environment.slug!r} exists")
            made = msgspec.structs.replace(
                environment, id=new_id(), parent_id=parent_id(before, parent)
            )
            after = Topology([*before.by_id.values(), made])
            check_forest(after, made)
            await store.insert_environment(connection, caller.place.id, made, self._clock.now())
            return after

        message = f"Create environment {environment.slug}"
        after, revision = await self._change(
            caller, "environment.created", environment.slug, message, build, check
        )
        return after.by_slug[environment.slug], revision, after

    async def update_environment(
        self, caller: Caller, slug: str, values: Mapping[str, object], check: TopologyCheck
    ) -> tuple[Environment, int, Topology]:
        """Set `parent` (a slug or None), `requires_approval` or `description`.

        Raises:
            Problem: `environment-not-found`, `invalid-request` for a cycle, or what `check` says.
        """

        async def build(connection: Connection, before: Topology) -> Topology:
            old = before.find(slug)
            columns = dict(values)
            if "parent" in columns:
                named = columns.pop("parent")
                columns["parent_id"] = parent_id(before, None if named is None else str(named))
            new = msgspec.structs.replace(old, **columns)
            after = Topology([new if each.id == old.id else each for each in before.by_id.values()])
            check_forest(after, new)
            if columns:
                await store.update_environment(connection, old.id, columns)
            return after

        after, revision = await self._change(
            caller, "environment.updated", slug, f"Change environment {slug}", build, check
        )
        return after.by_slug[slug], revision, after

    async def delete_environment(self, caller: Caller, slug: str, check: TopologyCheck) -> int:
        """Take an environment out of service; history before this revision still shows it.

        Raises:
            Problem: `environment-not-found`, `in-use` when others inherit from it.
        """

        async def build(connection: Connection, before: Topology) -> Topology:
            old = before.find(slug)
            heirs = [before.slug(child) for child in before.children(old.id)]
            if heirs:
                raise Problem("in-use", f"{slug} is the parent of {', '.join(sorted(heirs))}")
            values = {"deleted_at": self._clock.now()}
            await store.update_environment(connection, old.id, values)
            return Topology(each for each in before.by_id.values() if each.id != old.id)

        _, revision = await self._change(
            caller, "environment.deleted", slug, f"Delete environment {slug}", build, check
        )
        return revision

    async def _change(
        self,
        caller: Caller,
        action: str,
        slug: str,
        message: str,
        build: Callable[[Connection, Topology], Awaitable[Topology]],
        check: TopologyCheck,
    ) -> tuple[Topology, int]:
        async with transaction(self._database) as connection:
            locked = await self._lock(connection, caller)
            before = await store.topology(connection, locked.id)
            after = await build(connection, before)
            if after.by_id == before.by_id:
                return before, locked.revision
            await check(connection, locked, before, after)
            row = RevisionRow(
                workspace_id=locked.id,
                revision=locked.revision + 1,
                kind="environments",
                published_at=locked.published_at,
                actor_name=caller.actor.name,
                message=message,
                topology=store.encode_topology(after),
            )
            await store.advance(connection, [row])
            details: dict[str, JSON] = {"revision": row.revision}
            event = Event(action, slug, caller.actor, locked.id, details)
            await record(connection, [event], self._clock)
        return after, locked.revision + 1

    async def _lock(self, connection: Connection, caller: Caller) -> Locked:
        return await lock_one(connection, caller.place.id)


async def lock_one(connection: Connection, workspace_id: UUID) -> Locked:
    """Lock one workspace for publishing into it.

    Raises:
        Problem: `workspace-not-found` when it was deleted meanwhile.
    """
    locked = await store.lock(connection, [workspace_id])
    if workspace_id not in locked:
        raise Problem("workspace-not-found", "the workspace was deleted")
    return locked[workspace_id]


def parent_id(topology: Topology, slug: str | None) -> UUID | None:
    """Return the id of a named parent.

    Raises:
        Problem: `invalid-request` when there is no such environment.
    """
    if slug is None:
        return None
    if slug not in topology.by_slug:
        detail = f"there is no environment {slug!r}"
        raise Problem("invalid-request", detail, errors=[FieldError("/parent", detail)])
    return topology.by_slug[slug].id


def check_forest(topology: Topology, changed: Environment) -> None:
    """Refuse a cycle of parents and a line deeper than `MAXIMUM_DEPTH`."""
    seen: list[UUID] = []
    current: UUID | None = changed.id
    while current is not None:
        if current in seen:
            detail = "an environment cannot be its own ancestor"
            raise Problem("invalid-request", detail, errors=[FieldError("/parent", detail)])
        seen.append(current)
        current = topology.by_id[current].parent_id
    depth = max(len(topology.line(each)) for each in topology.subtree(changed.id))
    if depth > MAXIMUM_DEPTH:
        detail = f"environments nest at most {MAXIMUM_DEPTH} deep"
        raise Problem("invalid-request", detail, errors=[FieldError("/parent", detail)])


async def revision_of(
    connection: Connection, workspace: Workspace, at: int | datetime | None
) -> int:
    """Return the revision that `at` names: a number, a moment, or None for the present.

    Raises:
        Problem: `revision-compacted` (410) with the oldest revision left, or with the first one
            after a restore that took it away; `invalid-request` for one that does not exist yet.
    """
    if at is None:
        return workspace.revision
    if isinstance(at, int):
        revision = at
    else:
        found = await store.revision_at(connection, workspace.id, at)
        revision = 0 if found is None else found.revision
    if revision > workspace.revision:
        raise Problem(
            "invalid-request",
            f"revision {revision} does not exist yet; the last is {workspace.revision}",
            extra={"current_revision": workspace.revision},
        )
    if revision < workspace.oldest_revision:
        raise Problem(
            "revision-compacted",
            f"history before revision {workspace.oldest_revision} was compacted",
            extra={"oldest_revision": workspace.oldest_revision},
        )
    for gap in await gaps(connection, workspace.id):
        if gap.after < revision < gap.revision:
            raise Problem(
                "revision-compacted",
                f"revision {revision} was lost when the database was restored to {gap.after}",
                extra={"oldest_revision": gap.revision},
            )
    return revision
