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

import structlog

from central_config.assistant.store import uses as store
from central_config.configurations.model.cells import REMOVED, Site
from central_config.configurations.model.counts import Counted, ReadCounts
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.model.views import touched
from central_config.core.clock import Clock
from central_config.core.db import Database, transaction
from central_config.core.pace import STRIDE, Pace
from central_config.workspaces.service import revision_at, topology_at

log = structlog.get_logger(__name__)

# Places written by one flush: a minute of a busy service. More wait for the next.
FLUSHED = 5_000
# As long as nobody wrote anything down, reads may have gone uncounted (seconds).
GAP = 3600.0
# Keys asked for by one statement.
_ASKED = 5_000
# Keys whose readers are gathered for one statement or a few.
TOGETHER = 500


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
    unused: list[Site]
    in_part: list[Site]
    uses: dict[Site, Use]


class IdleQuestion(NamedTuple):
    """Since when nothing was to be read, and what of a workspace can be said of so long.

    Attributes:
        since, long_enough: as in `Idle`.
        before: who was read at this moment or later is in use.
        revision: of the workspace at that moment; None: there was none.
        steady: environments that inherited then from those they inherit from now. Others began
            to serve what they inherit only later.
        parts: reads of whole environments and prefixes.
    """

    since: datetime | None
    before: datetime
    long_enough: bool = False
    revision: int | None = None
    steady: frozenset[UUID] = frozenset()
    parts: Mapping[UUID, Sequence[store.Part]] = {}


class Uses:
    """Keeps what is read in the database, and answers from there for all replicas.

    No connection is held while it thinks: keys may be many.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._kept_at = clock.now()

    async def flush(self, counts: ReadCounts) -> None:
        """Write down what waits longest; what cannot be written now waits on.

        Also with nothing to write: it says that somebody counts. A place that the database
        refuses for what it is would be refused for ever, and all others with it: it is dropped.
        """
        waiting = [counts.take(FLUSHED)]
        try:
            while waiting:
                waiting[-1:] = await self._write(waiting[-1])
        except BaseException:
            for batch in waiting:
                counts.give_back(batch)
            raise

    async def _write(self, batch: Sequence[Counted]) -> list[list[Counted]]:
        """Write down a batch; return what of it has to be written in smaller ones."""
        # While this process could not write, what it had counted was missing from what others
        # saw: they may have taken something for unused.
        anew = self._clock.now() - self._kept_at > timedelta(seconds=GAP)
        try:
            async with transaction(self._database) as connection:
                await store.add(connection, batch, GAP, anew=anew)
        except store.RefusedError:
            if not batch:
                raise
            if len(batch) > 1:
                half = len(batch) // 2
                return [list(batch[:half]), list(batch[half:])]
            log.exception("reads that cannot be written down are dropped")
            return [[]]
        self._kept_at = self._clock.now()
        return []

    async def since(self) -> datetime | None:
        """Return since when reads have been counted without a gap; None: they are not."""
        async with self._database.connect() as connection:
            return await store.began(connection, GAP)

    async def last(self, state: WorkspaceState, sites: Iterable[Site]) -> Mapping[Site, Use]:
        """Return when each of some keys was last read; those that never were are left out."""
        async with self._database.connect() as connection:
            parts = await store.parts(connection, list(state.topology.by_id))
        found: dict[Site, Use] = {}
        rest = iter(sites)
        while chunk := list(islice(rest, TOGETHER)):
            found.update(await self._last(state, parts, chunk))
        return found

    async def question(self, state: WorkspaceState, days: int) -> IdleQuestion:
        """Return what is known of reads for so long, to sort keys by."""
        before = self._clock.now() - timedelta(days=days)
        async with self._database.connect() as connection:
            since = await store.began(connection, GAP)
            if since is None or since > before:
                return IdleQuestion(since, before)
            then = await revision_at(connection, state.workspace_id, before)
            if then is None:
                return IdleQuestion(since, before, long_enough=True)
            past = await topology_at(connection, state.workspace_id, then.revision)
            parts = await store.parts(connection, list(state.topology.by_id))
        now = state.topology
        steady = frozenset(
            each for each in past.by_id if each in now.by_id and past.line(each) == now.line(each)
        )
        return IdleQuestion(since, before, True, then.revision, steady, parts)

    async def sort(
        self, question: IdleQuestion, state: WorkspaceState, sites: Iterable[Site]
    ) -> Idle:
        """Return which of some keys nobody has read; hand in some hundred at a time.

        Keys that were set or changed since are left out: somebody cares for them.
        """
        idle = Idle(question.since, question.long_enough, [], [], {})
        settled = [site async for site in _unhurried(sites) if _settled(question, state, site)]
        found = await self._last(state, question.parts, settled)
        for site in settled:
            use = found.get(site, _NEVER)
            if use.key is not None and use.key >= question.before:
                continue
            recently = use.part is not None and use.part >= question.before
            (idle.in_part if recently else idle.unused).append(site)
            if use is not _NEVER:
                idle.uses[site] = use
        return idle

    async def idle(self, state: WorkspaceState, sites: Iterable[Site], days: int) -> Idle:
        """Return which of some keys nobody has read for `days`, of those that did not change."""
        question = await self.question(state, days)
        idle = Idle(question.since, question.long_enough, [], [], {})
        rest = iter(sites if question.long_enough else ())
        while chunk := list(islice(rest, TOGETHER)):
            found = await self.sort(question, state, chunk)
            idle.unused.extend(found.unused)
            idle.in_part.extend(found.in_part)
            idle.uses.update(found.uses)
        return idle

    async def _last(
        self,
        state: WorkspaceState,
        parts: Mapping[UUID, Sequence[store.Part]],
        sites: Sequence[Site],
    ) -> Mapping[Site, Use]:
        """Return when some hundred keys were last read."""
        places = {
            site: readers(state, site)
            async for site in _unhurried(sites)
            if site.environment_id in state.topology.by_id  # else it was deleted meanwhile
        }
        asked = sorted({place for read in places.values() for place in read})
        reads: dict[Site, store.Reads] = {}
        for start in range(0, len(asked), _ASKED):
            async with self._database.connect() as connection:
                reads.update(await store.keys(connection, asked[start : start + _ASKED]))
        found: dict[Site, Use] = {}
        async for site in _unhurried(places):
            use = _use(places[site], reads, parts)
            if use != _NEVER:
                found[site] = use
        return found


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


def _settled(question: IdleQuestion, state: WorkspaceState, site: Site) -> bool:
    """Tell whether a key has been served from the same cell for as long as is asked."""
    place = site.environment_id
    if question.revision is None or place not in question.steady:
        return False
    if place not in state.topology.by_id:
        return False  # deleted while the question was asked
    return touched(state, site) <= question.revision and state.served(site) is not None


async def _unhurried(sites: Iterable[Site]) -> AsyncIterator[Site]:
    """Yield sites, letting others work in between: there may be a million."""
    pace = Pace()
    for number, site in enumerate(sites):
        if number % STRIDE == STRIDE - 1:
            await pace.breathe()
        yield site


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
