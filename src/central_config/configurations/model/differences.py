"""What differs between two snapshots, as their readers see it."""

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
    keys = set(left.state.index(left.environment.id).keys(prefix))
    keys.update(right.state.index(right.environment.id).keys(prefix))
    for key in sorted(keys):
        before = left.state.served(Site(left.environment.id, key))
        after = right.state.served(Site(right.environment.id, key))
        if before is None and after is None:
            continue
        if before is None:
            yield Difference(key, ADDED, before, after)
        elif after is None:
            yield Difference(key, REMOVED, before, after)
        elif before.body != after.body or before.cell.status != after.cell.status:
            yield Difference(key, CHANGED, before, after)
