"""Which configurations of a workspace in memory meet the conditions of a plan.

Everything here gives way in between (`core.pace`), since a workspace may hold a million keys, and
keeps no more than what is asked for.
"""

import heapq
from collections.abc import Callable, Container, Iterator, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from central_config.assistant.model.plans import Plan
from central_config.configurations.model.cells import ARCHIVED, Cell, Site
from central_config.configurations.model.state import WorkspaceState
from central_config.core.json import JSON, decode, encode
from central_config.core.pace import STRIDE, Steps
from central_config.workspaces.model import Environment


class Match(NamedTuple):
    """A configuration in an environment: what is served there, or what is archived there.

    `origin` is the environment whose `cell` supplies it; `body` has its references resolved.
    """

    environment: Environment
    key: str
    body: bytes
    secret: bool
    origin: UUID
    cell: Cell

    @property
    def site(self) -> Site:
        """The key in the environment it was looked for in."""
        return Site(self.environment.id, self.key)


class Filter(NamedTuple):
    """The conditions of a plan that a workspace in memory can tell of.

    Attributes:
        prefix: of the plan, within the caller's scope.
        key, status, secret, own: as in `Plan`.
        words: in small letters.
        holds: tells whether an encoded value is wanted; None: any is.
        revisions: of the last change; None: any.
        known: environments whose past the caller may see. `revisions` lets no other pass.
    """

    prefix: str
    key: str | None
    words: tuple[str, ...]
    status: str | None
    secret: bool | None
    own: bool | None
    holds: Callable[[bytes], bool] | None = None
    revisions: Container[int] | None = None
    known: Container[UUID] = ()

    @classmethod
    def of(cls, plan: Plan, prefix: str) -> "Filter":
        """Return the conditions of a plan."""
        return cls(
            prefix=prefix,
            key=plan.key,
            words=tuple(word.lower() for word in plan.words),
            status=plan.status,
            secret=plan.secret,
            own=plan.own,
            holds=None if plan.value is None else holding(plan.value, plan.value_is),
        )

    def names(self, key: str) -> bool:
        """Tell whether a key is wanted by its name."""
        if self.key is not None and key != self.key:
            return False
        if not key.startswith(self.prefix):
            return False
        if not self.words:
            return True
        small = key.lower()
        return all(word in small for word in self.words)

    def takes(self, match: Match) -> bool:
        """Tell whether a configuration is wanted whose name is."""
        if self.secret is not None and match.secret != self.secret:
            return False
        if self.own is not None and (match.origin == match.environment.id) != self.own:
            return False
        if self.status is not None and match.cell.status != self.status:
            return False
        if self.holds is not None and (match.secret or not self.holds(match.body)):
            # Nobody may find out a secret by asking for it.
            return False
        return self.revisions is None or (
            match.origin in self.known and match.cell.revision in self.revisions
        )


def holding(text: str, how: str) -> Callable[[bytes], bool]:
    """Return what tells whether an encoded value is a text, or contains it in whatever case."""
    if how == "equals":
        return forms(text).__contains__
    small = text.casefold()
    return lambda body: small in shown(body).casefold()


def forms(text: str) -> frozenset[bytes]:
    """Return the encoded values that print as a text does: `5432` the number, and the string."""
    forms = {encode(text)}
    try:
        forms.add(encode(decode(text)))
    except (ValueError, RecursionError):
        return frozenset(forms)
    return frozenset(forms)


def shown(body: bytes) -> str:
    """Return an encoded value as people write it: JSON, a string without its quotes."""
    if body.startswith(b'"'):
        value: JSON = decode(body)
        return str(value)
    return body.decode()


class Sink(Protocol):
    """Takes what was found, one after the other."""

    def take(self, match: Match) -> None:
        """Take one."""
        ...


def look(
    state: WorkspaceState, places: Sequence[Environment], wanted: Filter, sink: Sink
) -> Steps[None]:
    """Hand the sink what some environments serve, or hold archived, by environment and key."""
    held = _archived if wanted.status == ARCHIVED else _served
    for environment in places:
        for position, match in enumerate(held(state, environment, wanted)):
            if match is not None and wanted.takes(match):
                sink.take(match)
            if position % STRIDE == 0:
                yield


def _served(
    state: WorkspaceState, environment: Environment, wanted: Filter
) -> Iterator[Match | None]:
    if wanted.key is None:
        entries = state.entries(environment.id, wanted.prefix)
    else:
        entries = state.some(environment.id, [wanted.key])
    for key, served in entries:
        if wanted.names(key):
            yield Match(environment, key, served.body, served.secret, served.origin, served.cell)
        else:
            yield None


def _archived(
    state: WorkspaceState, environment: Environment, wanted: Filter
) -> Iterator[Match | None]:
    for key in state.index(environment.id).keys(wanted.prefix):
        cell = state.own(Site(environment.id, key))
        if cell is not None and cell.status == ARCHIVED and wanted.names(key):
            yield Match(environment, key, cell.body, cell.secret, environment.id, cell)
        else:
            yield None


class Batch:
    """Keeps what was found until it is taken away."""

    def __init__(self) -> None:
        self.found: list[Match] = []

    def take(self, match: Match) -> None:
        """Keep it."""
        self.found.append(match)

    def empty(self) -> list[Match]:
        """Hand out what was found since the last time."""
        found, self.found = self.found, []
        return found


class Revisions:
    """Keeps the revisions that last changed what was found."""

    def __init__(self) -> None:
        self.found: set[int] = set()

    def take(self, match: Match) -> None:
        """Keep its revision."""
        self.found.add(match.cell.revision)


class Chosen:
    """Keeps so many of what was found, and counts all: the first ones, or the last changed.

    `newest`: True the last changed, False those changed longest ago, None the first.
    """

    def __init__(self, limit: int, *, newest: bool | None) -> None:
        self.total = 0
        self._limit = limit
        self._sign = 0 if newest is None else 1 if newest else -1
        # The one that is to go first stands in front: no two have the same second number.
        self._heap: list[tuple[int, int, Match]] = []

    @property
    def found(self) -> list[Match]:
        """What was kept, in the order that was asked for."""
        return [match for _, _, match in sorted(self._heap, key=_rank, reverse=True)]

    def take(self, match: Match) -> None:
        """Keep it if it is among those wanted."""
        self.total += 1
        item = self._sign * match.cell.revision, -self.total, match
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, item)
        elif _rank(item) > _rank(self._heap[0]):
            heapq.heapreplace(self._heap, item)


def _rank(item: tuple[int, int, Match]) -> tuple[int, int]:
    return item[0], item[1]
