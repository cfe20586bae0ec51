"""Inheritance and references: what an environment serves, given what each environment holds.

The same functions answer for a workspace as it is and for one with proposed changes on top, so a
write is checked by exactly the rules that reads follow.
"""

from collections.abc import Iterable
from typing import Protocol

from central_config.configurations.model.cells import (
    ARCHIVED,
    MAXIMUM_DEPTH,
    MAXIMUM_VALUE,
    REMOVED,
    Cell,
    Computed,
    Served,
    Site,
)
from central_config.configurations.model.references import Reference, substitute
from central_config.core.json import JSON, decode, deeper_than, encode
from central_config.core.problems import FieldError, Problem
from central_config.workspaces.model import Topology

# References may lead to references; deeper than this is a mistake, and Python's stack is finite.
MAXIMUM_CHAIN = 32

Path = tuple[Site, ...]


class View(Protocol):
    """A workspace as some reader sees it."""

    @property
    def topology(self) -> Topology:
        """The environments."""
        ...

    def own(self, site: Site) -> Cell | None:
        """Return what the environment itself holds, tombstones included."""
        ...

    def remembered(self, site: Site) -> Computed | None:
        """Return a value computed before, if it is still true."""
        ...

    def remember(self, site: Site, computed: Computed) -> None:
        """Keep a computed value."""
        ...

    def depend(self, site: Site, targets: Iterable[Site]) -> None:
        """Note where a value that does not resolve would have to look again."""
        ...


def effective(view: View, site: Site) -> tuple[Site, Cell] | None:
    """Return the cell that supplies a key and where it is; None when the key is not served.

    The nearest environment that holds the key decides. Archived there means not served, whatever
    the parents hold.
    """
    for environment_id in view.topology.line(site.environment_id):
        place = Site(environment_id, site.key)
        cell = view.own(place)
        if cell is None or cell.status == REMOVED:
            continue
        return None if cell.status == ARCHIVED else (place, cell)
    return None


def touched(view: View, site: Site) -> int:
    """Return the last revision that changed which cell supplies a key, or that cell; 0 if none."""
    last = 0
    for environment_id in view.topology.line(site.environment_id):
        cell = view.own(Site(environment_id, site.key))
        if cell is not None:
            last = max(last, cell.revision)
            if cell.status != REMOVED:
                break
    return last


def serve(view: View, site: Site, path: Path = ()) -> Served | None:
    """Return what readers get, references resolved; None when the key is not served.

    Raises:
        Problem: a reference that leads nowhere, in a circle, or to what cannot stand there.
    """
    found = effective(view, site)
    if found is None:
        return None
    place, cell = found
    if not cell.marked:
        return Served(cell.body, cell.secret, place.environment_id, cell)
    computed = view.remembered(site)
    if computed is None:
        computed = _compute(view, site, cell, path)
        view.remember(site, computed)
    return Served(computed.body, cell.secret or computed.secret, place.environment_id, cell)


def _compute(view: View, site: Site, cell: Cell, path: Path) -> Computed:
    here = (*path, site)
    if site in path:
        raise _refused("reference-cycle", view, here[path.index(site) :], "leads back to itself")
    if len(here) > MAXIMUM_CHAIN:
        raise _refused("reference-cycle", view, here, f"has more than {MAXIMUM_CHAIN} steps")
    follow = _Following(view, site, here, quoting=not cell.secret)
    try:
        resolved = substitute(decode(cell.body), follow)
    except Problem:
        view.depend(site, follow.reached)
        raise
    if deeper_than(resolved, MAXIMUM_DEPTH):
        detail = f"{name(view, site)} nests more than {MAXIMUM_DEPTH} deep when resolved"
        raise Problem("reference-type", detail, errors=[FieldError("/value", detail)])
    body = encode(resolved)
    if len(body) > MAXIMUM_VALUE:
        raise _too_large(view, site)
    # Counted with what was computed before: a chain that grew step by step is as long as any.
    if follow.depth > MAXIMUM_CHAIN:
        raise _refused("reference-cycle", view, here, f"has more than {MAXIMUM_CHAIN} steps")
    return follow.computed(body)


class _Following:
    """Follows the references of one value, each target once, and keeps count of what they bring."""

    def __init__(self, view: View, site: Site, path: Path, *, quoting: bool) -> None:
        self._view = view
        self._site = site
        self._path = path
        self._quoting = quoting
        self._targets: dict[Site, Served] = {}
        self._values: dict[Reference, tuple[JSON, int]] = {}
        self._total = 0
        self.reached: set[Site] = set()
        self.depth = 1

    def __call__(self, reference: Reference) -> JSON:
        """Return the value of a reference.

        Raises:
            Problem: it leads nowhere, or the whole grows too large. Counted while it grows: a
                short text may name a large value a thousand times. Quotes and escapes that fall
                away inside a text are why the bound is twice the value's.
        """
        if reference not in self._values:
            self._values[reference] = self._find(reference)
        value, size = self._values[reference]
        self._total += size
        if self._total > 2 * MAXIMUM_VALUE:
            raise _too_large(self._view, self._site)
        return value

    def computed(self, body: bytes) -> Computed:
        """Return what came out; a value that is only a reference shares its target's bytes."""
        found = self._targets.values()
        body = next((target.body for target in found if target.body == body), body)
        secret = any(target.secret for target in found)
        return Computed(body, secret, tuple(self._targets), self.depth)

    def _find(self, reference: Reference) -> tuple[JSON, int]:
        target = _target(self._view, self._site, reference)
        if target is not None:
            self.reached.add(target)
        found = None if target is None else serve(self._view, target, self._path)
        if target is None or found is None:
            raise _dangling(self._view, self._path, reference if self._quoting else None)
        self._targets[target] = found
        computed = self._view.remembered(target)
        self.depth = max(self.depth, 1 if computed is None else computed.depth + 1)
        return decode(found.body), len(found.body)


def _too_large(view: View, site: Site) -> Problem:
    detail = f"{name(view, site)} exceeds 1 MiB when resolved"
    return Problem("value-too-large", detail, errors=[FieldError("/value", detail)])


def _target(view: View, site: Site, reference: Reference) -> Site | None:
    if reference.environment is None:
        return Site(site.environment_id, reference.key)
    found = view.topology.by_slug.get(reference.environment)
    return None if found is None else Site(found.id, reference.key)


def name(view: View, site: Site) -> str:
    """Return a site as people write it: `environment:key`."""
    return f"{view.topology.slug(site.environment_id)}:{site.key}"


def _chain(view: View, path: Path) -> list[str]:
    return [name(view, site) for site in path]


def _refused(code: str, view: View, path: Path, why: str) -> Problem:
    steps = _chain(view, path)
    detail = f"the chain of references {' -> '.join(steps)} {why}"
    return Problem(
        code, detail, errors=[FieldError("/value", detail)], extra={"path": list[JSON](steps)}
    )


def _dangling(view: View, path: Path, reference: Reference | None) -> Problem:
    """Return the refusal of a reference that leads nowhere; None: it is part of a secret."""
    written = "a reference inside the secret" if reference is None else str(reference)
    steps = [*_chain(view, path), written]
    detail = f"{steps[-2]} refers to {written}, which is not served there ({' -> '.join(steps)})"
    return Problem(
        "reference-unresolved",
        detail,
        errors=[FieldError("/value", detail)],
        extra={"path": list[JSON](steps)},
    )
