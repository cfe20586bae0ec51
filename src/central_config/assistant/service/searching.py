"""Searching configurations, and those that nobody reads or changes."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, TypeVar

from central_config.access.model import Caller
from central_config.assistant.model.matching import (
    Batch,
    Chosen,
    Filter,
    Match,
    Revisions,
    Sink,
    look,
)
from central_config.assistant.model.plans import LIMIT, MOST, Plan
from central_config.assistant.model.rows import Rows
from central_config.assistant.service.scope import visible
from central_config.assistant.service.uses import TOGETHER, IdleQuestion, Uses
from central_config.configurations.model.cells import DRAFT
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service import Snapshots
from central_config.configurations.service.history import History
from central_config.configurations.service.reading import Reading, narrow
from central_config.configurations.service.steady import TRIES, steadily
from central_config.core.clock import parse_rfc3339, rfc3339
from central_config.core.json import JSON, decode
from central_config.core.pace import Pace, Steps
from central_config.core.problems import invalid
from central_config.secrets.model import MASK
from central_config.workspaces.model import Environment

Found = TypeVar("Found", bound=Sink)

COLUMNS = ("environment", "key", "value", "status", "origin", "changed", "by")


class _Scene(NamedTuple):
    """Where a plan looks: a workspace, environments of it, keys within the caller's scope."""

    caller: Caller
    state: WorkspaceState
    places: Sequence[Environment]
    prefix: str


class _Past(NamedTuple):
    """By whom something was changed last, and when: `since` <= then < `until`."""

    author: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Searching:
    """Looks through what is in memory; who changed it and who read it the database tells."""

    def __init__(
        self, snapshots: Snapshots, reading: Reading, history: History, uses: Uses
    ) -> None:
        self._snapshots = snapshots
        self._reading = reading
        self._history = history
        self._uses = uses

    async def find(self, caller: Caller, plan: Plan) -> Rows:
        """Return the configurations that meet the conditions of a plan.

        Raises:
            Problem: `environment-not-found`.
        """
        scene = await self._reach(caller, plan)
        if scene is None:
            return Rows(columns=COLUMNS)
        if plan.status == DRAFT:
            return await self._drafts(scene, plan)
        wanted = Filter.of(plan, scene.prefix)
        past = _Past(plan.author, moment(plan.since, "since"), moment(plan.until, "until"))
        return await self._last_changed(scene, plan, wanted, past)

    async def stale(self, caller: Caller, plan: Plan, now: datetime) -> Rows:
        """Return the configurations that nobody has read, or changed, for some days.

        Raises:
            Problem: `environment-not-found`.
        """
        scene = await self._reach(caller, plan)
        if scene is None:
            return Rows(columns=COLUMNS)
        wanted = Filter.of(plan, scene.prefix)
        if plan.idle == "read":
            return await self._unread(scene, plan, wanted)
        past = _Past(until=now - timedelta(days=plan.days))
        return await self._last_changed(scene, plan, wanted, past)

    async def _reach(self, caller: Caller, plan: Plan) -> _Scene | None:
        """Return where the plan looks; None if the caller's scope holds nothing of it."""
        state = await self._snapshots.knowing(caller.place.id, plan.environments)
        named = {self._reading.find(caller, state, slug).slug for slug in plan.environments}
        places = [each for each in visible(caller, state) if not named or each.slug in named]
        prefix = narrow(caller, plan.prefix or "")
        return None if prefix is None else _Scene(caller, state, places, prefix)

    async def _last_changed(self, scene: _Scene, plan: Plan, wanted: Filter, past: _Past) -> Rows:
        """Return what the filter lets pass and was changed last so.

        Which revisions those are takes a look of its own. What is published between that look and
        the other would be lost from an answer of the later revision: then both are made again.
        """
        if past == _Past():
            chosen, revision = await _looked(scene, wanted, partial(_chosen, plan))
            return await self._table(scene, chosen, revision)
        tries = 0
        while True:
            asked, before = await self._changed(scene, wanted, past)
            chosen, revision = await _looked(scene, asked, partial(_chosen, plan))
            tries += 1
            if before == revision or tries == TRIES:
                return await self._table(scene, chosen, before)

    async def _changed(self, scene: _Scene, wanted: Filter, past: _Past) -> tuple[Filter, int]:
        """Return the filter that lets only pass what was changed last so, and as of when.

        What an environment outside the caller's scope supplies does not pass: who changed it, and
        when, the caller may not know.
        """
        seen, before = await _looked(scene, wanted, Revisions)
        revisions = await self._history.published(
            scene.caller,
            sorted(seen.found),
            author=past.author,
            since=past.since,
            until=past.until,
        )
        known = frozenset(each.id for each in visible(scene.caller, scene.state))
        return wanted._replace(revisions=revisions, known=known), before

    async def _unread(self, scene: _Scene, plan: Plan, wanted: Filter) -> Rows:
        """Return what nobody reads; each part of it is true of the revision or one soon after."""
        revision = scene.state.revision
        question = await self._uses.question(scene.state, plan.days)
        chosen, in_part = _chosen(plan), 0
        if question.long_enough:
            async for batch in _batches(scene, wanted):
                places = [each.site for each in batch]
                idle = await self._uses.sort(question, scene.state, places)
                unused = set(idle.unused)
                in_part += len(idle.in_part)
                for match in batch:
                    if match.site in unused:
                        chosen.take(match)
        notes = tuple(_doubts(question, in_part, plan.days))
        return await self._table(scene, chosen, revision, notes)

    async def _drafts(self, scene: _Scene, plan: Plan) -> Rows:
        """Return what only drafts hold: as nobody has published it, little is known of it."""
        if plan.value is not None or plan.author or plan.since or plan.until or plan.own is False:
            note = "what only drafts hold has no published value, author or time"
            return Rows(columns=COLUMNS, revision=scene.state.revision, notes=(note,))
        wanted = Filter.of(plan, scene.prefix)
        found = [
            (place.slug, key)
            for place in scene.places
            for key in await self._draft_keys(scene, place.slug)
            if wanted.names(key) and plan.secret in {None, key in scene.state.secret_keys}
        ]
        kept = tuple(found[: plan.limit or LIMIT])
        return Rows(
            columns=COLUMNS,
            rows=tuple((slug, key, None, DRAFT, slug, None, None) for slug, key in kept),
            ids=kept,
            total=len(found),
            revision=scene.state.revision,
        )

    async def _draft_keys(self, scene: _Scene, slug: str) -> list[str]:
        keys: list[str] = []
        while True:
            page, _ = await self._reading.listing(
                scene.caller,
                slug,
                prefix=scene.prefix,
                status=DRAFT,
                own=True,
                after=keys[-1] if keys else "",
                limit=MOST,
            )
            keys += [each.key for each in page]
            if len(page) < MOST:
                return keys

    async def _table(
        self, scene: _Scene, chosen: Chosen, revision: int, notes: tuple[str, ...] = ()
    ) -> Rows:
        """Return what was chosen for people to read, with who changed it last and when."""
        matches, slug = chosen.found, scene.state.topology.slug
        known = {each.id for each in visible(scene.caller, scene.state)}
        revisions = [each.cell.revision for each in matches if each.origin in known]
        origins = await self._history.origins(scene.caller, revisions)
        rows: list[tuple[JSON, ...]] = []
        for each in matches:
            origin = origins.get(each.cell.revision) if each.origin in known else None
            who: tuple[JSON, ...] = (None, None)
            if origin is not None:
                who = (rfc3339(origin.published_at), origin.author)
            value = MASK if each.secret else decode(each.body)
            place = each.environment.slug
            rows.append((place, each.key, value, each.cell.status, slug(each.origin), *who))
        return Rows(
            columns=COLUMNS,
            rows=tuple(rows),
            ids=tuple((match.environment.slug, match.key) for match in matches),
            total=chosen.total,
            revision=revision,
            notes=notes,
        )


async def _looked(scene: _Scene, wanted: Filter, made: Callable[[], Found]) -> tuple[Found, int]:
    """Return a sink with what was found, and at which revision; others work meanwhile."""

    def steps() -> Steps[Found]:
        sink = made()
        yield from look(scene.state, scene.places, wanted, sink)
        return sink

    found, revisions = await steadily(steps, scene.state)
    return found, revisions[0]


async def _batches(scene: _Scene, wanted: Filter) -> AsyncIterator[list[Match]]:
    """Yield what is found, some hundred at a time; others work meanwhile."""
    pace, batch = Pace(), Batch()
    for place in scene.places:
        if place.id not in scene.state.topology.by_id:
            continue  # deleted meanwhile
        for _ in look(scene.state, [place], wanted, batch):
            if len(batch.found) >= TOGETHER:
                yield batch.empty()
            await pace.breathe()
    yield batch.empty()


def _chosen(plan: Plan) -> Chosen:
    return Chosen(plan.limit or LIMIT, newest=plan.newest)


def _doubts(question: IdleQuestion, in_part: int, days: int) -> Sequence[str]:
    """Return what the list of unread configurations does not say."""
    if question.since is None:
        return ["reads are not counted yet: nothing can be said"]
    if not question.long_enough:
        since = rfc3339(question.since)
        return [f"reads are counted since {since}: nothing can be said of {days} days yet"]
    if in_part:
        return [f"{in_part} more were read only as part of a whole prefix or environment"]
    return []


def moment(text: str | None, name: str) -> datetime | None:
    """Return a moment of a plan.

    Raises:
        Problem: `invalid-request`.
    """
    if text is None:
        return None
    found = parse_rfc3339(text)
    if found is None:
        raise invalid(f"/plan/{name}", "write a time with its zone: 2026-11-23T12:00:00Z")
    return found
