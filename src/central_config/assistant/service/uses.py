"""Who is read: writing down what replicas counted, and telling what nobody has asked for.

What is written down is a minute behind, and a process that is killed takes its last minute with
it: a key that is read at all is read again. Nothing is called unused on such grounds alone: reads
must have been counted, without a gap, for as long as the key is said to be idle, and the key must
be as old. Reads of a whole environment or a prefix, watches and exports hand out every key, so
what lies in one of them is told apart: nobody knows whether it is used.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from central_config.assistant.store import uses as store
from central_config.configurations.model.cells import REMOVED, Site
from central_config.configurations.model.counts import ReadCounts
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.model.views import touched
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, snapshot_transaction, transaction
from central_config.core.pace import STRIDE, Pace
from central_config.workspaces.service import revision_at, topology_at

# Places written by one flush: a minute of a busy service. More wait for the next.
FLUSHED = 5_000
# As long as nobody wrote anything down, reads may have gone uncounted (seconds).
GAP = 3600.0
# Keys asked for by one statement.
_ASKED = 5_000
# Keys whose readers are gathered for one statement or a few.
_TOGETHER = 500


class Use(NamedTuple):
    """When a key was last read, as far as it was counted; None: never.

    `key`: by its name, here, in an environment that inherits it, or through a reference. `part`:
    as part of a prefix or of a whole environment. `reads` counts those by name.
    """

    key: datetime | None = None
    part: datetime | None = None
    reads: int = 0


_NEVER = Use()


class Idle(NamedTuple):
    """What has not been read for some days.

    Attributes:
        since: since when reads have been counted; None: they are not.
        long_enough: whether that is as long as asked for; else nothing is called unused.
        unused: what nobody has read in whatever way for so long.
        in_part: what was read only as part of a prefix or of a whole environment: it may be used.
        uses: the last reads of both.
    """

    since: datetime | None
    long_enough: bool
    unused: Sequence[Site]
    in_part: Sequence[Site]
    uses: Mapping[Site, Use]


class Uses:
    """Keeps what is read in the database, and answers from there for all replicas."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def flush(self, counts: ReadCounts) -> None:
        """Write down what waits longest; what cannot be written waits on.

        Also with nothing to write: it says that somebody counts.
        """
        taken = counts.take(FLUSHED)
        try:
            async with transaction(self._database) as connection:
                await store.add(connection, taken, GAP)
        except BaseException:
            counts.give_back(taken)
            raise

    async def since(self) -> datetime | None:
        """Return since when reads have been counted without a gap; None: they are not."""
        async with self._database.connect() as connection:
            return await store.began(connection)

    async def last(self, state: WorkspaceState, sites: Collection[Site]) -> Mapping[Site, Use]:
        """Return when each of some keys was last read; those that never were are left out."""
        async with snapshot_transaction(self._database) as connection:
            return await _last(connection, state, sites)

    async def idle(self, state: WorkspaceState, sites: Collection[Site], days: int) -> Idle:
        """Return which of some keys nobody has read for `days`.

        Keys that were set or changed within that time are left out: somebody cares for them.
        """
        before = self._clock.now() - timedelta(days=days)
        async with snapshot_transaction(self._database) as connection:
            since = await store.began(connection)
            if since is None or since > before:
                return Idle(since, long_enough=False, unused=(), in_part=(), uses={})
            settled = await _settled(connection, state, sites, before)
            found = await _last(connection, state, settled)
        unused: list[Site] = []
        in_part: list[Site] = []
        uses: dict[Site, Use] = {}
        async for site in _unhurried(settled):
            use = found.get(site, _NEVER)
            if use.key is not None and use.key >= before:
                continue
            recently = use.part is not None and use.part >= before
            (in_part if recently else unused).append(site)
            if use is not _NEVER:
                uses[site] = use
        return Idle(since, long_enough=True, unused=unused, in_part=in_part, uses=uses)


def readers(state: WorkspaceState, site: Site) -> set[Site]:
    """Return where a key is read: here, where it is inherited, and where a reference leads to it.

    A read of any of these is a use of the key.
    """
    found = {site}
    ahead = [site]
    while ahead:
        here = ahead.pop()
        further = [*_heirs(state, here), *state.dependents(here)]
        new = [each for each in further if each not in found]
        found.update(new)
        ahead += new
    return found


def _heirs(state: WorkspaceState, site: Site) -> Iterator[Site]:
    """Yield the key in the environments right below that hold nothing of their own for it."""
    for child in state.topology.children(site.environment_id):
        place = Site(child, site.key)
        cell = state.own(place)
        if cell is None or cell.status == REMOVED:
            yield place


async def _settled(
    connection: Connection, state: WorkspaceState, sites: Collection[Site], before: datetime
) -> list[Site]:
    """Return what has been served from the same cell since before a moment."""
    then = await revision_at(connection, state.workspace_id, before)
    if then is None:
        return []
    past = await topology_at(connection, state.workspace_id, then.revision)
    now = state.topology
    # A new environment, or one with another parent, began to serve what it inherits only then.
    steady = {
        each for each in past.by_id if each in now.by_id and past.line(each) == now.line(each)
    }
    found: list[Site] = []
    async for site in _unhurried(sites):
        steadily = site.environment_id in steady and touched(state, site) <= then.revision
        if steadily and state.served(site) is not None:
            found.append(site)
    return found


async def _last(
    connection: Connection, state: WorkspaceState, sites: Collection[Site]
) -> Mapping[Site, Use]:
    known = await store.parts(connection, list(state.topology.by_id))
    found: dict[Site, Use] = {}
    rest = iter(sites)
    while chunk := list(islice(rest, _TOGETHER)):
        places = {site: readers(state, site) async for site in _unhurried(chunk)}
        asked = sorted({place for read in places.values() for place in read})
        reads = await _reads(connection, asked)
        async for site in _unhurried(chunk):
            use = _use(places[site], reads, known)
            if use != _NEVER:
                found[site] = use
    return found


async def _unhurried(sites: Iterable[Site]) -> AsyncIterator[Site]:
    """Yield sites, letting others work in between: there may be a million."""
    pace = Pace()
    for number, site in enumerate(sites):
        if number % STRIDE == STRIDE - 1:
            await pace.breathe()
        yield site


async def _reads(connection: Connection, sites: Sequence[Site]) -> Mapping[Site, store.Reads]:
    found: dict[Site, store.Reads] = {}
    for start in range(0, len(sites), _ASKED):
        found.update(await store.keys(connection, sites[start : start + _ASKED]))
    return found


def _use(
    places: Collection[Site],
    reads: Mapping[Site, store.Reads],
    parts: Mapping[UUID, Sequence[store.Part]],
) -> Use:
    """Return the use of a key that is read at some places."""
    named = [reads[place] for place in places if place in reads]
    whole = [
        part.last
        for place in places
        for part in parts.get(place.environment_id, ())
        if place.key.startswith(part.prefix)
    ]
    return Use(
        key=max((each.last for each in named), default=None),
        part=max(whole, default=None),
        reads=sum(each.reads for each in named),
    )
