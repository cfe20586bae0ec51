"""A workspace in memory: every cell, and what each environment serves, at one revision.

`candidate` works out what the next revision would do; the state then absorbs it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from central_config.configurations.model.cells import (
    Cell,
    Computed,
    Effect,
    Placed,
    Served,
    Site,
)
from central_config.configurations.model.schemas import SchemaRule
from central_config.configurations.model.views import serve
from central_config.core.problems import Problem
from central_config.workspaces.model import Topology

log = structlog.get_logger(__name__)


class WorkspaceState:
    """All cells of a workspace at one revision. Changed only by `absorb`.

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
        self._sorted: dict[UUID, list[str]] = {}
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
        except (Problem, RecursionError) as error:
            code = error.code if isinstance(error, Problem) else "too-deep"
            log.warning("value cannot be resolved", key=site.key, problem=code)
            return None

    def keys(self, environment_id: UUID) -> list[str]:
        """Return the keys an environment or its ancestors hold, sorted; not all are served.

        The list is kept until a key is new somewhere; do not change it.
        """
        known = self._sorted.get(environment_id)
        if known is None:
            found: set[str] = set()
            for each in self._topology.line(environment_id):
                found.update(self._layers[each])
            known = self._sorted[environment_id] = sorted(found)
        return known

    def entries(self, environment_id: UUID, prefix: str = "") -> Iterator[tuple[str, Served]]:
        """Yield what the environment serves, by key."""
        keys = self.keys(environment_id)
        for position in range(bisect_left(keys, prefix), len(keys)):
            key = keys[position]
            if not key.startswith(prefix):
                return
            served = self.served(Site(environment_id, key))
            if served is not None:
                yield key, served

    def count(self) -> int:
        """Return how many cells are held, tombstones included."""
        return sum(len(layer) for layer in self._layers.values())

    def absorb(self, effect: Effect, revision: int, published_at: datetime) -> None:
        """Become what a candidate for the next revision computed."""
        for site, cell in effect.cells:
            if site.key not in self._layers[site.environment_id]:
                self._sorted.clear()
            self._layers[site.environment_id][site.key] = cell
            if cell.secret:
                self.secret_keys.add(site.key)
        for site in effect.affected:
            self._forget(site)
        for site, computed in effect.computed.items():
            self.remember(site, computed)
        for change in effect.changes:
            self.modified[change.site.environment_id] = revision
        self.revision, self.published_at = revision, published_at

    def holds(self, environment_id: UUID) -> bool:
        """Tell whether the environment exists at this revision."""
        return environment_id in self._layers

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
