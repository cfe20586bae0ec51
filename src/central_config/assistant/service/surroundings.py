"""What a changed value is measured by: the same key elsewhere, its neighbours, its past.

Of secrets, and of what lies outside the caller's scope, nothing is taken.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from uuid import UUID

from msgspec import UNSET

from central_config.access.model import Caller
from central_config.assistant.model.reviews.leaves import (
    Leaf,
    MaybeJSON,
    Step,
    find,
    group_of,
    last_name,
    steps,
)
from central_config.assistant.model.reviews.places import is_production
from central_config.assistant.service.effects import Effects
from central_config.configurations.model.cells import Served, ServedChange, Site
from central_config.configurations.model.state import WorkspaceState
from central_config.core.json import JSON, decode, equal

# Neighbours that are looked at, and keys looked through for them: a group of thousands of keys is
# a table of data, of which some tell as much as all.
_NEIGHBOURS, _LOOKED_THROUGH = 64, 600

_DOCUMENT = (b"{", b"[")
# Earlier values by site, newest first.
Past = Mapping[Site, tuple[JSON, ...]]
# Chooses keys by what follows a prefix.
Wanted = Callable[[str], bool]


class Surroundings:
    """Builds leaves for one review; remembers what many of them share."""

    def __init__(self, caller: Caller, state: WorkspaceState, effects: Effects, past: Past) -> None:
        self._caller = caller
        self._state = state
        self._secrets = effects.secrets
        self._after = {change.site: change.after for change in effects.changes}
        self._past = past
        self._groups: dict[tuple[UUID, str], dict[str, JSON]] = {}
        self._decoded = _Decoded()
        self._environments = tuple(
            each.slug
            for each in state.topology.by_id.values()
            if self._caller.principal.knows(each.slug)
        )

    def leaves(self, change: ServedChange) -> Iterator[Leaf | None]:
        """Yield what a change does to the value of one site; nothing for a secret.

        None stands for a part that is as it was: time to let others work.
        """
        if self.secret(change):
            return
        before, after = self._value(change.before), self._value(change.after)
        for step in steps(before, after):
            yield None if step is None else self._leaf(change.site, step, after)

    def secret(self, change: ServedChange) -> bool:
        """Tell whether nothing may be said of the values of a change."""
        sides = (change.before, change.after)
        return change.site.key in self._secrets or any(it is not None and it.secret for it in sides)

    def _leaf(self, site: Site, step: Step, after: MaybeJSON) -> Leaf:
        topology = self._state.topology
        environment = topology.by_id[site.environment_id]
        inside = bool(step.pointer)
        return Leaf(
            environment=environment.slug,
            production=is_production(
                environment.slug, requires_approval=environment.requires_approval
            ),
            kin=frozenset(topology.slug(each) for each in topology.line(site.environment_id)),
            environments=self._environments,
            key=site.key,
            pointer=step.pointer,
            name=last_name(site.key, step.pointer),
            before=step.before,
            after=step.after,
            history=self._history(site, step),
            elsewhere=self._elsewhere(site, step),
            siblings=_members(after, step.pointer) if inside else self._siblings(site),
            cousins=_cousins(after, step.pointer) if inside else self._cousins(site),
        )

    def _history(self, site: Site, step: Step) -> tuple[JSON, ...]:
        found = (find(value, step.pointer) for value in self._past.get(site, ()))
        return tuple(each for each in found if each is not UNSET and each != step.before)

    def _elsewhere(self, site: Site, step: Step) -> dict[str, JSON]:
        """Return the same leaf in other environments, as the change leaves them.

        Those that would show the very value in question are left out if the change makes them: it
        cannot speak for itself.
        """
        values: dict[str, JSON] = {}
        for environment in self._state.topology.by_id.values():
            place = Site(environment.id, site.key)
            if place == site or not self._caller.principal.reaches(environment.slug, site.key):
                continue
            changed = place in self._after
            served = self._after[place] if changed else self._state.served(place)
            value = find(self._value(self._open(served)), step.pointer)
            if value is not UNSET and not (changed and _same(value, step.after)):
                values[environment.slug] = value
        return values

    def _siblings(self, site: Site) -> dict[str, JSON]:
        """Return the keys of the same group."""
        parent, slash, _ = site.key.rpartition("/")
        group = self._group(site.environment_id, parent + slash)
        return {key.rpartition("/")[2]: it for key, it in group.items() if key != site.key}

    def _group(self, environment_id: UUID, prefix: str) -> dict[str, JSON]:
        known = self._groups.get((environment_id, prefix))
        if known is None:
            keys = self._keys(environment_id, prefix, lambda rest: "/" not in rest)
            known = dict(self._values(environment_id, keys))
            self._groups[environment_id, prefix] = known
        return known

    def _cousins(self, site: Site) -> dict[str, JSON]:
        """Return the keys of the same last word in the groups beside this one."""
        group, slash, name = site.key.rpartition("/")
        if not slash:
            return {}
        above = group.rpartition("/")
        prefix, ending = above[0] + above[1], f"/{name}"
        depth = site.key.count("/")
        keys = self._keys(
            site.environment_id,
            prefix,
            lambda rest: rest.endswith(ending) and (prefix + rest).count("/") == depth,
        )
        others = [key for key in keys if key != site.key]
        return dict(self._values(site.environment_id, others))

    def _keys(self, environment_id: UUID, prefix: str, wanted: Wanted) -> list[str]:
        keys = islice(self._state.index(environment_id).keys(prefix), _LOOKED_THROUGH)
        return list(islice((key for key in keys if wanted(key[len(prefix) :])), _NEIGHBOURS))

    def _values(self, environment_id: UUID, keys: Iterable[str]) -> Iterator[tuple[str, JSON]]:
        """Yield values as the change leaves them."""
        slug = self._state.topology.slug(environment_id)
        for key in keys:
            site = Site(environment_id, key)
            if key in self._secrets or not self._caller.principal.reaches(slug, key):
                continue
            served = self._after[site] if site in self._after else self._state.served(site)
            opened = self._open(served)
            # A document is no neighbour to be measured by: it need not be read.
            if opened is not None and not opened.body.startswith(_DOCUMENT):
                yield key, decode(opened.body)

    def _open(self, served: Served | None) -> Served | None:
        return None if served is None or served.secret else served

    def _value(self, served: Served | None) -> MaybeJSON:
        return UNSET if served is None else self._decoded.of(served.body)


class _Decoded:
    """Values that were decoded already: many environments serve the same one, and many leaves ask.

    It keeps the last of them, up to so many bytes of text. Nobody changes what it hands out.
    """

    def __init__(self, room: int = 16 * 1024 * 1024) -> None:
        self._room = room
        self._known: dict[bytes, JSON] = {}

    def of(self, body: bytes) -> JSON:
        if body in self._known:
            return self._known[body]
        self._room -= len(body)
        while self._room < 0 and self._known:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._room += len(oldest)
        self._known[body] = value = decode(body)
        return value


def _same(value: JSON, other: MaybeJSON) -> bool:
    return other is not UNSET and equal(value, other)


def _members(value: MaybeJSON, pointer: str) -> dict[str, JSON]:
    """Return what stands beside a leaf in the same object or list."""
    group = find(value, group_of(pointer))
    own = pointer.rpartition("/")[2]
    pairs = group.items() if isinstance(group, dict) else ()
    if isinstance(group, list):
        pairs = ((str(position), each) for position, each in enumerate(group))
    seen = islice(pairs, _LOOKED_THROUGH)
    near = ((name, it) for name, it in seen if name != own and not isinstance(it, (dict, list)))
    return dict(islice(near, _NEIGHBOURS))


def _cousins(value: MaybeJSON, pointer: str) -> dict[str, JSON]:
    """Return the leaves of the same name in the objects beside a leaf's own."""
    group, _, name = pointer.rpartition("/")
    above, _, own = group.rpartition("/")
    if not group:
        return {}
    groups = find(value, above)
    pairs = groups.items() if isinstance(groups, dict) else ()
    if isinstance(groups, list):
        pairs = ((str(position), each) for position, each in enumerate(groups))
    found: dict[str, JSON] = {}
    for other, members in islice(pairs, _NEIGHBOURS):
        leaf = members.get(name, UNSET) if isinstance(members, dict) and other != own else UNSET
        if leaf is not UNSET and not isinstance(leaf, (dict, list)):
            found[f"{above}/{other}/{name}"] = leaf
    return found
