"""What was read, counted in memory: a read costs a number, and the database hears of it later.

Three sorts of reads are kept apart. A key that was asked for *by name* is in use. Whoever reads a
prefix or a whole environment, or watches one, gets every key in it and may use one of them or all:
nobody can tell, so such keys are never called unused.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from central_config.configurations.model.keys import MAXIMUM_KEY, key_fault

# Different keys and prefixes that wait to be written down. Beyond that a read is counted as one of
# its whole environment: too much is taken to be in use, never too little.
_KEPT = 100_000
# Different prefixes of one environment a process tells apart; anybody can ask for any prefix.
_PREFIXES = 64


class Place(NamedTuple):
    """What was read: a key, or (`part`) all keys of an environment that begin with `name`."""

    environment_id: UUID
    name: str
    part: bool


class Counted(NamedTuple):
    """How often a place was read since it was last written down."""

    place: Place
    reads: int


class ReadCounts:
    """Reads that wait to be written down."""

    def __init__(self) -> None:
        self._waiting: dict[Place, int] = {}
        self._prefixes: dict[UUID, set[str]] = {}

    def __len__(self) -> int:
        """Return how many places wait."""
        return len(self._waiting)

    def key(self, environment_id: UUID, key: str, reads: int = 1) -> None:
        """Count reads of a key by its name; only of one that is served."""
        self._add(Place(environment_id, key, part=False), reads)

    def keys(self, environment_id: UUID, keys: Iterable[str]) -> None:
        """Count one read of each of some keys."""
        for key in keys:
            self.key(environment_id, key)

    def part(self, environment_id: UUID, prefix: str, reads: int = 1) -> None:
        """Count reads of all keys that begin with a prefix; "" is the whole environment.

        A prefix that no key can begin with handed nothing out: it is no read of anything.
        """
        known = self._prefixes.setdefault(environment_id, set())
        if prefix not in known:
            if not _begins_keys(prefix):
                return
            if len(known) >= _PREFIXES:
                prefix = ""
            known.add(prefix)
        self._add(Place(environment_id, prefix, part=True), reads)

    def take(self, most: int) -> list[Counted]:
        """Hand out what has waited longest, at most so many places; they wait no more."""
        found = [
            Counted(*item) for item, _ in zip(self._waiting.items(), range(most), strict=False)
        ]
        for counted in found:
            del self._waiting[counted.place]
        return found

    def give_back(self, counted: Iterable[Counted]) -> None:
        """Have what was handed out wait again: it could not be written."""
        for each in counted:
            self._add(each.place, each.reads)

    def _add(self, place: Place, reads: int) -> None:
        waiting = self._waiting
        if place not in waiting and len(waiting) >= _KEPT:
            place = Place(place.environment_id, "", part=True)
        waiting[place] = waiting.get(place, 0) + reads


def _begins_keys(prefix: str) -> bool:
    """Tell whether there can be keys that begin so."""
    if len(prefix) > MAXIMUM_KEY:
        return False
    # Cut anywhere, a key is a key again, or it is once another letter follows.
    return not prefix or key_fault(prefix) is None or key_fault(prefix + "a") is None
