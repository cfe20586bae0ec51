"""A workspace in memory: every cell, and what each environment serves, at one revision.

`candidate` works out what the next revision would do; the state then absorbs it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from central_config.configurations.model.cells import (
    ARCHIVED,
    REMOVED,
    Cell,
    Computed,
    Effect,
    Layers,
    Served,
    Site,
)
from central_config.configurations.model.index import KeyIndex
from central_config.configurations.model.schemas import SchemaRule
from central_config.configurations.model.views import serve
from central_config.core.problems import Problem
from central_config.workspaces.model import Gap, Topology

log = structlog.get_logger(__name__)

# A revision that affects more sites than this has the keys put in order anew when they are asked
# for: one sort of what is nearly sorted is quicker than so many insertions.
_REINDEXED = 5_000
# Cells looked through, and keys computed, between two pauses while a state settles: each about
# half a millisecond.
_LOOKED_THROUGH = 4_000
_COMPUTED = 50


class WorkspaceState:
    """All cells of a workspace at one revision. Changed only by `absorb`.

    `modified` maps an environment to the last revision known to have changed what it serves.
    The layers become the state's own; `settle` must run through before anything is asked.
    """

    def __init__(  # noqa: PLR0913 - the parts a workspace is made of
        self,
        workspace_id: UUID,
        revision: int,
        published_at: datetime,
        topology: Topology,
        layers: Layers,
        rules: Sequence[SchemaRule] = (),
        secret_keys: Iterable[str] = (),
    ) -> None:
        self.workspace_id = workspace_id
        self.revision = revision
        self.published_at = published_at
        self.rules = tuple(rules)
        self._topology = topology
        self._layers: Layers = {each: layers.get(each, {}) for each in topology.by_id}
        self._computed: dict[Site, Computed] = {}
        self._indexes: dict[UUID, KeyIndex] = {}
        self._dependents: dict[Site, set[Site]] = {}
        self.secret_keys: set[str] = set(secret_keys)
        self.modified: dict[UUID, int] = dict.fromkeys(topology.by_id, revision)
        # Revisions that restores of the database took away.
        self.gaps: tuple[Gap, ...] = ()
        # Bytes of all keys and bodies.
        self.weight = 0

    @property
    def topology(self) -> Topology:
        """The environments."""
        return self._topology

    @property
    def indexes(self) -> Iterable[KeyIndex]:
        """The keys of the environments that were asked for."""
        return self._indexes.values()

    @property
    def computed(self) -> int:
        """How many values were computed."""
        return len(self._computed)

    def lost(self, revision: int) -> bool:
        """Tell whether a restore took a revision away: who saw it saw what is not true any more."""
        return any(gap.after < revision < gap.revision for gap in self.gaps)

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

    def depend(self, site: Site, targets: Iterable[Site]) -> None:
        """Note where a value that does not resolve looked: it may, once one of them changes."""
        for target in targets:
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

    def index(self, environment_id: UUID) -> KeyIndex:
        """Return the keys an environment or its ancestors hold, in order; not all are served."""
        known = self._indexes.get(environment_id)
        if known is None:
            layers = sorted(
                (self._layers[each] for each in self._topology.line(environment_id)), key=len
            )
            largest = layers.pop()
            found = list(largest)
            for layer in layers:
                found += [key for key in layer if key not in largest]
            # Two of the smaller ones may hold the same key.
            several = len(layers) > 1
            index = KeyIndex(dict.fromkeys(found) if several else found)
            known = self._indexes[environment_id] = index
        return known

    def entries(self, environment_id: UUID, prefix: str = "") -> Iterator[tuple[str, Served]]:
        """Yield what the environment serves, by key."""
        return self.some(environment_id, self.index(environment_id).keys(prefix))

    def some(self, environment_id: UUID, keys: Iterable[str]) -> Iterator[tuple[str, Served]]:
        """Yield what the environment serves of the named keys, in their order.

        The same as asking `served` for each, for a quarter of the time where values are plain.
        """
        line = [(each, self._layers[each].get) for each in self._topology.line(environment_id)]
        for key in keys:
            served: Served | None = None
            for place, find in line:
                cell = find(key)
                if cell is None or cell.status == REMOVED:
                    continue
                if cell.marked:
                    served = self.served(Site(environment_id, key))
                elif cell.status != ARCHIVED:
                    served = Served(cell.body, cell.secret, place, cell)
                break
            if served is not None:
                yield key, served

    def count(self) -> int:
        """Return how many cells are held, tombstones included."""
        return sum(len(layer) for layer in self._layers.values())

    def absorb(self, effect: Effect, revision: int, published_at: datetime) -> None:
        """Become what a candidate for the next revision computed."""
        if len(effect.affected) > _REINDEXED:
            self._indexes.clear()
        for site, cell in effect.cells:
            self._lay(site, cell)
        for site in effect.affected:
            self._forget(site)
            index = self._indexes.get(site.environment_id)
            if index is not None:
                index.touch(site.key)
        for site, computed in effect.computed.items():
            self.remember(site, computed)
        for change in effect.changes:
            self.modified[change.site.environment_id] = revision
        self.revision, self.published_at = revision, published_at

    def _lay(self, site: Site, cell: Cell) -> None:
        layer = self._layers[site.environment_id]
        if self._indexes and site.key not in layer:
            for below in self._topology.subtree(site.environment_id):
                index = self._indexes.get(below)
                if index is not None:
                    index.add(site.key)
        before = layer.get(site.key)
        self.weight += len(cell.body) - (-len(site.key) if before is None else len(before.body))
        layer[site.key] = cell
        if cell.secret:
            self.secret_keys.add(site.key)

    def holds(self, environment_id: UUID) -> bool:
        """Tell whether the environment exists at this revision."""
        return environment_id in self._layers

    def rebuilt(
        self, topology: Topology, revision: int, published_at: datetime
    ) -> "WorkspaceState":
        """Return the same cells under other environments."""
        made = WorkspaceState(
            self.workspace_id,
            revision,
            published_at,
            topology,
            {each: dict(layer) for each, layer in self._layers.items()},
            self.rules,
            self.secret_keys,
        )
        made.gaps = self.gaps
        for _ in made.settle():
            pass
        return made

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

    def settle(self) -> Iterator[None]:
        """Compute every value that has references, before the state is used; yields in between.

        Only then does the state know which values depend on which.
        """
        marked: set[str] = set()
        for layer in self._layers.values():
            yield from self._look_through(layer, marked)
        for position, key in enumerate(sorted(marked)):
            for environment_id in self._topology.by_id:
                self.served(Site(environment_id, key))
            if position % _COMPUTED == 0:
                yield

    def _look_through(self, layer: Mapping[str, Cell], marked: set[str]) -> Iterator[None]:
        """Gather keys whose values have references, and keys of secrets."""
        weight = 0
        for position, (key, cell) in enumerate(layer.items()):
            weight += len(key) + len(cell.body)
            if cell.secret:
                self.secret_keys.add(key)
            if cell.marked:
                marked.add(key)
            if position % _LOOKED_THROUGH == 0:
                yield
        self.weight += weight
