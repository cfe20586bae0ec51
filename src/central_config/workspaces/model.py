"""Workspaces, environments and the tree the environments form."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from central_config.core.ids import quick
from central_config.core.problems import FieldError, Problem

# Slugs stand in addresses and in references (`${env:slug/key}`).
_SLUG = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")


class Workspace(msgspec.Struct, frozen=True):
    """The tenant boundary.

    `revision` is the last published one; `oldest_revision` the first that history still holds.
    """

    id: UUID
    slug: str
    name: str
    description: str
    revision: int
    oldest_revision: int
    created_at: datetime


class Environment(msgspec.Struct, frozen=True):
    """A place configuration is read for. Keys it lacks come from its parent, and so on."""

    id: UUID
    slug: str
    parent_id: UUID | None
    requires_approval: bool
    description: str = ""


class Timestamp(msgspec.Struct, frozen=True):
    """A revision and when it was published."""

    revision: int
    published_at: datetime


class Locked(msgspec.Struct, frozen=True):
    """A workspace whose row this transaction holds: nobody else can publish into it."""

    id: UUID
    revision: int
    published_at: datetime


class Gap(NamedTuple):
    """Revisions a restore of the database took away: those between `after` and `revision`."""

    after: int
    revision: int


class Timeline(NamedTuple):
    """Which past a database has: another one after it was replaced or restored."""

    database: int
    restore: UUID | None


class RevisionRow(msgspec.Struct, frozen=True):
    """A revision as the timeline records it."""

    workspace_id: UUID
    revision: int
    kind: str
    published_at: datetime
    actor_name: str
    message: str
    change_id: UUID | None = None
    topology: str | None = None


class Topology:
    """The environments of a workspace at one revision, as a forest. Immutable."""

    def __init__(self, environments: Iterable[Environment]) -> None:
        known = [_quick(each) for each in environments]
        self.by_id: Mapping[UUID, Environment] = {each.id: each for each in known}
        self.by_slug: Mapping[str, Environment] = {each.slug: each for each in self.by_id.values()}
        children: dict[UUID, list[UUID]] = {}
        for each in self.by_id.values():
            if each.parent_id is not None:
                children.setdefault(each.parent_id, []).append(each.id)
        self._children = children
        self._lines = {each: tuple(self._ancestors(each)) for each in self.by_id}

    def _ancestors(self, environment_id: UUID) -> Iterator[UUID]:
        current: UUID | None = environment_id
        passed: set[UUID] = set()  # a cycle is refused by name later; it must not hang us here
        while current is not None and current in self.by_id and current not in passed:
            yield current
            passed.add(current)
            current = self.by_id[current].parent_id

    def line(self, environment_id: UUID) -> tuple[UUID, ...]:
        """Return the environment, its parent, its parent's parent, ... up to the root."""
        return self._lines[environment_id]

    def children(self, environment_id: UUID) -> list[UUID]:
        """Return the environments whose parent this is."""
        return self._children.get(environment_id, [])

    def subtree(self, environment_id: UUID) -> Iterator[UUID]:
        """Yield the environment and everything below it."""
        for each in self.by_id:
            if environment_id in self._lines[each]:
                yield each

    def slug(self, environment_id: UUID) -> str:
        """Return the slug of an environment that exists here."""
        return self.by_id[environment_id].slug

    def find(self, slug: str) -> Environment:
        """Return the environment with the slug.

        Raises:
            Problem: `environment-not-found`.
        """
        found = self.by_slug.get(slug)
        if found is None:
            raise Problem("environment-not-found", f"there is no environment {slug!r} here")
        return found


def _quick(environment: Environment) -> Environment:
    """Return the environment with ids in the form that is quick to look things up by."""
    parent = environment.parent_id
    return msgspec.structs.replace(
        environment,
        id=quick(environment.id),
        parent_id=None if parent is None else quick(parent),
    )


def check_slug(slug: str, pointer: str = "/slug") -> None:
    """Refuse what is no slug.

    Raises:
        Problem: `invalid-request`.
    """
    if _SLUG.fullmatch(slug) is None:
        detail = "use 1 to 63 lower-case letters, digits and inner hyphens"
        raise Problem(
            "invalid-request", f"{slug[:80]!r} is no slug", errors=[FieldError(pointer, detail)]
        )
