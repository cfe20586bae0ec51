"""What differs between two snapshots, as their readers see it."""

import heapq
from collections.abc import Iterator
from typing import NamedTuple

from central_config.configurations.model.cells import Served, Site
from central_config.configurations.model.state import WorkspaceState
from central_config.workspaces.model import Environment

ADDED = "added"
REMOVED = "removed"
CHANGED = "changed"


class Difference(NamedTuple):
    """A key that two snapshots do not serve alike; None on the side that lacks it."""

    key: str
    kind: str
    before: Served | None
    after: Served | None

    @property
    def secret(self) -> bool:
        """Whether either side is a secret."""
        return any(side is not None and side.secret for side in (self.before, self.after))


class Side(NamedTuple):
    """One snapshot: a workspace at a revision, read for an environment."""

    state: WorkspaceState
    environment: Environment


def differences(left: Side, right: Side, prefix: str = "") -> Iterator[Difference]:
    """Yield what differs, by key."""
    return (each for each in compared(left, right, prefix) if each is not None)


def compared(left: Side, right: Side, prefix: str = "") -> Iterator[Difference | None]:
    """Yield for each key of either side how it differs, by key; None: not at all."""
    last = ""
    for key in heapq.merge(
        left.state.index(left.environment.id).keys(prefix),
        right.state.index(right.environment.id).keys(prefix),
    ):
        if key == last:
            continue
        last = key
        before = left.state.served(Site(left.environment.id, key))
        after = right.state.served(Site(right.environment.id, key))
        yield _difference(key, before, after)


def _difference(key: str, before: Served | None, after: Served | None) -> Difference | None:
    if before is None:
        return None if after is None else Difference(key, ADDED, before, after)
    if after is None:
        return Difference(key, REMOVED, before, after)
    if before.body != after.body or before.cell.status != after.cell.status:
        return Difference(key, CHANGED, before, after)
    return None
