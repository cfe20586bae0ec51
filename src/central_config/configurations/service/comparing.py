"""What differs between two snapshots, told to somebody who may not know what secrets hold."""

from collections.abc import Sequence

from central_config.configurations.model.cells import Site
from central_config.configurations.model.differences import CHANGED, Difference, Side, compared
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.model.views import effective
from central_config.core.pace import STRIDE, Steps


def gathered(left: Side, right: Side, prefix: str, *, clear: bool) -> Steps[list[Difference]]:
    """Return the differences; if not `clear`, those of secrets judged by where they come from."""
    found: list[Difference] = []
    for position, each in enumerate(compared(left, right, prefix)):
        if each is not None:
            found.append(each)
        if position % STRIDE == 0:
            yield
    return found if clear else (yield from _unguessable(found, left, right, prefix))


def _unguessable(
    found: Sequence[Difference], left: Side, right: Side, prefix: str
) -> Steps[list[Difference]]:
    """Return the differences with those of secrets judged by where they come from."""
    by_key = {each.key: each for each in found}
    for position, (key, after) in enumerate(right.state.entries(right.environment.id, prefix)):
        if position % STRIDE == 0:
            yield
        here, there = Site(left.environment.id, key), Site(right.environment.id, key)
        before = left.state.served(here)
        if before is None or not (before.secret or after.secret):
            continue
        by_key.pop(key, None)
        if _sources(left.state, here) != _sources(right.state, there):
            by_key[key] = Difference(key, CHANGED, before, after)
    return [by_key[key] for key in sorted(by_key)]


def _sources(state: WorkspaceState, site: Site) -> set[tuple[Site, int]]:
    """Return the cells a value is made of, its own and those its references lead to."""
    found: set[tuple[Site, int]] = set()
    ahead, seen = [site], {site}
    while ahead:
        here = ahead.pop()
        supplied = effective(state, here)
        if supplied is not None:
            found.add((supplied[0], supplied[1].version))
        computed = state.remembered(here)
        if computed is not None:
            ahead.extend(set(computed.targets) - seen)
            seen.update(computed.targets)
    return found
