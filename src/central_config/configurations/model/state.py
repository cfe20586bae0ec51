"""A workspace in memory: every cell, what each environment serves, and how one revision changes it.

`WorkspaceState` is the committed truth of one revision. `Candidate` lays proposed cells over it,
so that a publication is checked, and its effect known, before anything is written.
The cost of a revision is proportional to what it changes: the touched sites, the environments
below that inherit them, and the values that refer to them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from central_config.configurations.model.cells import (
    REMOVED,
    Cell,
    Computed,
    Placed,
    Served,
    ServedChange,
    Site,
)
from central_config.configurations.model.schemas import SchemaRule
from central_config.configurations.model.views import serve
from central_config.core.problems import Problem
from central_config.workspaces.model import Topology

# Sees what cells would do to readers; raises a Problem to refuse it.
Check = Callable[[Sequence[ServedChange]], None]

log = structlog.get_logger(__name__)


class WorkspaceState:
    """All cells of a workspace at one revision. Changed only by `apply`, `advance` and rebuilding.

    `modified` maps an environment to the last revision known to have changed what it serves.
    """

    def __init__(  # noqa: PLR0913 - the parts a workspace is made of
        self,
        workspace_id: UUID,
        revision: int,
        published_at: datetime,
        topology: Topology,
        cells: Iterable[Placed],
        rules: Sequence[SchemaRule] = (),
        secret_keys: Iterable[str] = (),
    ) -> None:
        self.workspace_id = workspace_id
        self.revision = revision
        self.published_at = published_at
        self.rules = tuple(rules)
        self._topology = topology
        self._layers: dict[UUID, dict[str, Cell]] = {each: {} for each in topology.by_id}
        self._computed: dict[Site, Computed] = {}
        self._dependents: dict[Site, set[Site]] = {}
        self.secret_keys: set[str] = set(secret_keys)
        self.modified: dict[UUID, int] = dict.fromkeys(topology.by_id, revision)
        for site, cell in cells:
            if site.environment_id in self._layers:
                self._layers[site.environment_id][site.key] = cell
            if cell.secret:
                self.secret_keys.add(site.key)
        self._compute_all()

    @property
    def topology(self) -> Topology:
        """The environments."""
        return self._topology

    def own(self, site: Site) -> Cell | None:
        """Return what the environment itself holds, tombstones included."""
        layer = self._layers.get(site.environment_id)
        return None if layer is None else layer.get(site.key)

    def remembered(self, site: Site) -> Computed | None:
        """Return a value computed before; all that are served were."""
        return self._computed.get(site)

    def remember(self, site: Site, computed: Computed) -> None:
        """Keep a computed value and note whom it depends on."""
        self._computed[site] = computed
        for target in computed.targets:
            self._dependents.setdefault(target, set()).add(site)

    def dependents(self, site: Site) -> Iterable[Site]:
        """Return the sites whose values refer to this one directly."""
        return self._dependents.get(site, ())

    def layer(self, environment_id: UUID) -> Mapping[str, Cell]:
        """Return the environment's own cells, tombstones included."""
        return self._layers[environment_id]

    def served(self, site: Site) -> Served | None:
        """Return what readers get. A value whose references broke is not served, and logged."""
        try:
            return serve(self, site)
        except Problem as problem:
            log.warning("value cannot be resolved", key=site.key, problem=problem.code)
            return None

    def keys(self, environment_id: UUID) -> list[str]:
        """Return the keys an environment or its ancestors hold, sorted; not all are served."""
        found: set[str] = set()
        for each in self._topology.line(environment_id):
            found.update(self._layers[each])
        return sorted(found)

    def entries(self, environment_id: UUID, prefix: str = "") -> Iterator[tuple[str, Served]]:
        """Yield what the environment serves, by key."""
        for key in self.keys(environment_id):
            if key.startswith(prefix):
                served = self.served(Site(environment_id, key))
                if served is not None:
                    yield key, served

    def count(self) -> int:
        """Return how many cells are held, tombstones included."""
        return sum(len(layer) for layer in self._layers.values())

    def apply(
        self, cells: Sequence[Placed], revision: int, published_at: datetime
    ) -> list[ServedChange]:
        """Take a committed change and return what it did to readers of every environment."""
        known = [placed for placed in cells if placed.site.environment_id in self._layers]
        candidate = Candidate(self)
        changes = candidate.lay(known + self._newly_secret(known), strict=False)
        for site, cell in candidate.overlay.items():
            self._layers[site.environment_id][site.key] = cell
            if cell.secret:
                self.secret_keys.add(site.key)
        for site in candidate.stale:
            self._forget(site)
        for site, computed in candidate.memory.items():
            self.remember(site, computed)
        for change in changes:
            self.modified[change.site.environment_id] = revision
        self.revision, self.published_at = revision, published_at
        return changes

    def rebuilt(
        self, topology: Topology, revision: int, published_at: datetime
    ) -> "WorkspaceState":
        """Return the same cells under other environments."""
        cells = (
            Placed(Site(environment_id, key), cell)
            for environment_id, layer in self._layers.items()
            for key, cell in layer.items()
        )
        return WorkspaceState(
            self.workspace_id,
            revision,
            published_at,
            topology,
            cells,
            self.rules,
            self.secret_keys,
        )

    def check(self) -> None:
        """Refuse a state in which some value does not resolve.

        Raises:
            Problem: what is wrong with the first one, by key.
        """
        marked = {key for layer in self._layers.values() for key, c in layer.items() if c.marked}
        for key in sorted(marked):
            for environment_id in self._topology.by_id:
                serve(self, Site(environment_id, key))

    def _newly_secret(self, cells: Sequence[Placed]) -> list[Placed]:
        """Return the other cells of keys that these make secret: a key is secret everywhere."""
        touched = {placed.site for placed in cells}
        fresh = {site.key for site, cell in cells if cell.secret} - self.secret_keys
        found: list[Placed] = []
        for environment_id, layer in self._layers.items():
            for key in fresh:
                cell, site = layer.get(key), Site(environment_id, key)
                if cell is not None and not cell.secret and site not in touched:
                    found.append(Placed(site, as_secret(cell)))
        return found

    def _forget(self, site: Site) -> None:
        computed = self._computed.pop(site, None)
        if computed is None:
            return
        for target in computed.targets:
            self._dependents[target].discard(site)
            if not self._dependents[target]:
                del self._dependents[target]

    def _compute_all(self) -> None:
        marked = {
            key for layer in self._layers.values() for key, cell in layer.items() if cell.marked
        }
        for key in marked:
            for environment_id in self._topology.by_id:
                self.served(Site(environment_id, key))


def as_secret(cell: Cell) -> Cell:
    """Return the cell as a secret one."""
    return Cell(cell.body, cell.status, cell.version, cell.revision, secret=True)


class Candidate:
    """A workspace with proposed cells over its committed ones.

    Several publications may be laid one after the other; one that is refused leaves no trace.
    """

    def __init__(self, base: WorkspaceState) -> None:
        self._base = base
        self.overlay: dict[Site, Cell] = {}
        self.memory: dict[Site, Computed] = {}
        self.stale: set[Site] = set()
        self._dependents: dict[Site, set[Site]] = {}

    @property
    def topology(self) -> Topology:
        """The environments."""
        return self._base.topology

    def own(self, site: Site) -> Cell | None:
        """Return what the environment would hold."""
        return self.overlay.get(site) or self._base.own(site)

    def remembered(self, site: Site) -> Computed | None:
        """Return a value that is still true under what was laid."""
        found = self.memory.get(site)
        return self._base.remembered(site) if found is None and site not in self.stale else found

    def remember(self, site: Site, computed: Computed) -> None:
        """Keep a computed value and note whom it depends on."""
        self.memory[site] = computed
        for target in computed.targets:
            self._dependents.setdefault(target, set()).add(site)

    def lay(
        self, cells: Sequence[Placed], *, strict: bool = True, check: Check | None = None
    ) -> list[ServedChange]:
        """Lay cells on top and return what they do to readers of every environment.

        `strict` refuses what does not resolve; committed history is taken as it is. `check` sees
        the effect and may refuse it too.

        Raises:
            Problem: what was refused, and then nothing was laid.
        """
        affected = self._affected([site for site, _ in cells])
        before = {site: self._quiet(site) for site in affected}
        held = {site: self.overlay.get(site) for site, _ in cells}
        computed = {site: self.memory.pop(site) for site in affected if site in self.memory}
        fresh = affected - self.stale
        self.overlay.update(cells)
        self.stale |= fresh
        try:
            after = {site: serve(self, site) if strict else self._quiet(site) for site in affected}
            changes = [
                ServedChange(site, before[site], after[site])
                for site in sorted(affected)
                if _differs(before[site], after[site])
            ]
            if check is not None:
                check(changes)
        except Problem:
            self.stale -= fresh
            self._take_back(held, affected, computed)
            raise
        return changes

    def _take_back(
        self,
        held: Mapping[Site, Cell | None],
        affected: Iterable[Site],
        computed: Mapping[Site, Computed],
    ) -> None:
        for site, cell in held.items():
            if cell is None:
                del self.overlay[site]
            else:
                self.overlay[site] = cell
        for site in affected:
            self.memory.pop(site, None)
        self.memory.update(computed)

    def _quiet(self, site: Site) -> Served | None:
        try:
            return serve(self, site)
        except Problem:
            return None

    def _affected(self, seeds: Sequence[Site]) -> set[Site]:
        edited = set(seeds)
        found: set[Site] = set()
        waiting = list(seeds)
        while waiting:
            site = waiting.pop()
            for heir in self._heirs(site, edited):
                if heir not in found:
                    found.add(heir)
                    waiting.extend(self._base.dependents(heir))
                    waiting.extend(self._dependents.get(heir, ()))
        return found

    def _heirs(self, site: Site, edited: set[Site]) -> Iterator[Site]:
        """Yield the site and every one below that inherits it, unless it holds its own value."""
        yield site
        for child in self.topology.children(site.environment_id):
            below = Site(child, site.key)
            own = self.own(below)
            if below not in edited and (own is None or own.status == REMOVED):
                yield from self._heirs(below, edited)


def _differs(before: Served | None, after: Served | None) -> bool:
    if before is None or after is None:
        return before is not after
    return (
        before.body != after.body
        or before.secret != after.secret
        or before.cell.status != after.cell.status
        or before.cell.revision != after.cell.revision
        or before.origin != after.origin
    )
