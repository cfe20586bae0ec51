"""Inheritance and references: what an environment serves, given what each environment holds.

The same functions answer for a workspace as it is and for one with proposed changes on top, so a
write is checked by exactly the rules that reads follow.
"""

from typing import Protocol

from central_config.configurations.model.cells import (
    ARCHIVED,
    MAXIMUM_VALUE,
    REMOVED,
    Cell,
    Computed,
    Served,
    Site,
)
from central_config.configurations.model.references import Reference, substitute
from central_config.core.json import JSON, decode, encode
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
    targets: dict[Site, bool] = {}
    depths = [0]

    def lookup(reference: Reference) -> JSON:
        target = _target(view, site, reference)
        found = None if target is None else serve(view, target, here)
        if target is None or found is None:
            raise _dangling(view, here, None if cell.secret else reference)
        targets[target] = found.secret
        computed = view.remembered(target)
        depths.append(0 if computed is None else computed.depth)
        return decode(found.body)

    body = encode(substitute(decode(cell.body), lookup))
    if len(body) > MAXIMUM_VALUE:
        raise Problem("value-too-large", f"{name(view, site)} exceeds 1 MiB when resolved")
    # Counted with what was computed before: a chain that grew step by step is as long as any.
    depth = max(depths) + 1
    if depth > MAXIMUM_CHAIN:
        raise _refused("reference-cycle", view, here, f"has more than {MAXIMUM_CHAIN} steps")
    return Computed(body, any(targets.values()), tuple(targets), depth)


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
