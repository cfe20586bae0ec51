"""What a revision would do: proposed cells over a workspace's committed ones.

A publication is checked here, and its effect known, before anything is written. The cost is
proportional to the change: the touched sites, the environments below that inherit them, and the
values that refer to them.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from central_config.configurations.model.cells import (
    REMOVED,
    SERVED_STATUSES,
    Cell,
    Computed,
    Effect,
    Placed,
    Served,
    ServedChange,
    Site,
    as_secret,
)
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.model.views import name, serve
from central_config.core.pace import STRIDE, Steps, at_once
from central_config.core.problems import FieldError, Problem
from central_config.workspaces.model import Topology

T = TypeVar("T")
# Sees, in steps, what cells would do to readers; raises a Problem to refuse it.
Check = Callable[[Sequence[ServedChange]], Steps[None]]
# As many are put in order between two steps.
_SORTED_AT_A_TIME = 2_000


def apply(
    state: WorkspaceState, cells: Sequence[Placed], revision: int, published_at: datetime
) -> list[ServedChange]:
    """Bring a state forward by a revision that was committed; return what it did to readers."""
    known = [placed for placed in cells if state.holds(placed.site.environment_id)]
    effect = Candidate(state).lay(known, strict=False)
    state.absorb(effect, revision, published_at)
    return effect.changes


class Candidate:
    """A workspace with proposed cells over its committed ones.

    Several publications may be laid one after the other; one that is refused leaves no trace.
    """

    def __init__(self, base: WorkspaceState) -> None:
        self._base = base
        self.topology: Topology = base.topology
        self.overlay: dict[Site, Cell] = {}
        self.memory: dict[Site, Computed] = {}
        self.stale: set[Site] = set()
        self._dependents: dict[Site, set[Site]] = {}

    def adopt(self, effect: Effect) -> None:
        """Lay what another candidate on the same base has laid last, and knows the effect of."""
        self.overlay.update(effect.cells)
        self.stale |= effect.affected
        for site in effect.affected:
            self.memory.pop(site, None)
        for site, computed in effect.computed.items():
            self.remember(site, computed)

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

    def depend(self, site: Site, targets: Iterable[Site]) -> None:
        """Note where a value that does not resolve looked."""
        for target in targets:
            self._dependents.setdefault(target, set()).add(site)

    def lay(
        self, cells: Sequence[Placed], *, strict: bool = True, check: Check | None = None
    ) -> Effect:
        """Lay cells on top; return what that does to readers of every environment.

        `strict` refuses what does not resolve; committed history is taken as it is. `check` sees
        the changes and may refuse them too.

        Raises:
            Problem: what was refused, and then nothing was laid.
        """
        return at_once(self.laying(cells, strict=strict, check=check))

    def laying(
        self, cells: Sequence[Placed], *, strict: bool = True, check: Check | None = None
    ) -> Steps[Effect]:
        """Do what `lay` does, in steps."""
        if len(cells) == 1 and self._alone(cells[0]):
            return (yield from self._lay_alone(cells[0], check))
        laid = [*cells, *self._newly_secret(cells)]
        yield
        affected = yield from self._affected([site for site, _ in laid])
        before: dict[Site, Served | None] = {}
        for position, site in enumerate(affected):
            before[site] = self._quiet(site)
            if position % STRIDE == 0:
                yield
        held = {site: self.overlay.get(site) for site, _ in laid} if self.overlay else {}
        memory = self.memory
        computed = {site: memory.pop(site) for site in affected if site in memory} if memory else {}
        yield
        fresh = affected - self.stale
        yield
        self.overlay.update(laid)
        yield
        self.stale |= fresh
        yield
        try:
            changes = yield from self._compare(before, strict=strict)
            if check is not None:
                yield from check(changes)
        except BaseException:  # whatever it was, the next must not find a part of it
            self.stale -= fresh
            self._take_back(laid, held, affected, computed)
            raise
        found = {site: memory[site] for site in affected if site in memory} if memory else {}
        return Effect(laid, affected, found, changes)

    def _alone(self, placed: Placed) -> bool:
        """Tell whether a cell is served as it is and nobody else could see a difference."""
        site, cell = placed
        return (
            cell.status in SERVED_STATUSES
            and not cell.secret
            and not cell.marked
            and not self.topology.children(site.environment_id)
            and not self._base.dependents(site)
            and site not in self._dependents
        )

    def _lay_alone(self, placed: Placed, check: Check | None) -> Steps[Effect]:
        """Lay a cell of which `_alone` holds: the same as for many, without the looking around."""
        site, cell = placed
        before = self._quiet(site)
        after = Served(cell.body, cell.secret, site.environment_id, cell)
        changes = [ServedChange(site, before, after)] if _differs(before, after) else []
        if check is not None:
            yield from check(changes)
        self.overlay[site] = cell
        self.stale.add(site)
        self.memory.pop(site, None)
        return Effect([placed], {site}, {}, changes)

    def _compare(
        self, before: Mapping[Site, Served | None], *, strict: bool
    ) -> Steps[list[ServedChange]]:
        changes: list[ServedChange] = []
        for position, (site, old) in enumerate(before.items()):
            try:
                new = self._strictly(site) if strict else self._quiet(site)
            except Problem:
                # Where several are refused the first by place is named, whichever was met first.
                yield from self._refuse_first(before)
                raise
            if _differs(old, new):
                changes.append(ServedChange(site, old, new))
            if position % STRIDE == 0:
                yield
        return (yield from _sorted(changes, _by_place))

    def _refuse_first(self, sites: Iterable[Site]) -> Steps[None]:
        """Raise what the first of the sites is refused for: parents before their heirs, by key."""

        def place(site: Site) -> tuple[int, str, bytes]:
            environment_id = site.environment_id
            return len(self.topology.line(environment_id)), site.key, environment_id.bytes

        for position, site in enumerate((yield from _sorted(list(sites), place))):
            self._strictly(site)
            if position % STRIDE == 0:
                yield

    def _strictly(self, site: Site) -> Served | None:
        """Return what would be served.

        Raises:
            Problem: it does not resolve.
        """
        try:
            return serve(self, site)
        except RecursionError:
            detail = f"{name(self, site)} nests too deep with what it refers to"
            raise Problem("reference-type", detail, errors=[FieldError("/value", detail)]) from None

    def _newly_secret(self, cells: Sequence[Placed]) -> list[Placed]:
        """Return the other cells of keys that these make secret: a key is secret everywhere.

        The cells are asked, not the names of secret keys: a process that catches up may know
        those from a later revision already.
        """
        fresh = {site.key for site, cell in cells if cell.secret}
        if not fresh:
            return []
        given = {placed.site for placed in cells}
        found: list[Placed] = []
        for environment_id in self.topology.by_id:
            for key in fresh:
                site = Site(environment_id, key)
                cell = self.own(site)
                if cell is None or cell.secret or cell.status == REMOVED:
                    continue
                if site not in given:
                    found.append(Placed(site, as_secret(cell)))
        return found

    def _take_back(
        self,
        laid: Iterable[Placed],
        held: Mapping[Site, Cell | None],
        affected: Iterable[Site],
        computed: Mapping[Site, Computed],
    ) -> None:
        for site, _ in laid:
            cell = held.get(site)
            if cell is None:
                self.overlay.pop(site, None)
            else:
                self.overlay[site] = cell
        for site in affected:
            self.memory.pop(site, None)
        self.memory.update(computed)

    def _quiet(self, site: Site) -> Served | None:
        try:
            return serve(self, site)
        except (Problem, RecursionError):
            return None

    def _affected(self, seeds: Sequence[Site]) -> Steps[set[Site]]:
        edited = set(seeds)
        found: set[Site] = set()
        waiting = list(seeds)
        while waiting:
            site = waiting.pop()
            if len(waiting) % STRIDE == 0:
                yield
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


def _sorted(items: list[T], key: Callable[[T], Any]) -> Steps[list[T]]:
    if len(items) <= _SORTED_AT_A_TIME:
        items.sort(key=key)
        return items
    parts: list[list[T]] = []
    for start in range(0, len(items), _SORTED_AT_A_TIME):
        parts.append(sorted(items[start : start + _SORTED_AT_A_TIME], key=key))
        yield
    found: list[T] = []
    for item in heapq.merge(*parts, key=key):
        found.append(item)
        if len(found) % STRIDE == 0:
            yield
    return found


def _by_place(change: ServedChange) -> tuple[str, bytes]:
    return change.site.key, change.site.environment_id.bytes


def _differs(before: Served | None, after: Served | None) -> bool:
    if before is None or after is None:
        return before is not after
    if before.secret or after.secret:
        # Saying whether a secret is still the same would confirm a guess; it was written.
        return True
    return (
        before.body != after.body
        or before.secret != after.secret
        or before.cell.status != after.cell.status
        or before.cell.revision != after.cell.revision
        or before.origin != after.origin
    )
