"""Recommendations as a caller may see them, and what is decided about them.

A recommendation holds no values: what is shown beside it is read from the workspace as it is, with
the caller's scope. One whose facts have changed since is not shown any more; the next scan settles
it. Nothing is ever applied: what is accepted becomes a draft by the caller.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from central_config.access.model import Caller
from central_config.assistant.model.advice.advice import KINDS, AdvisedEdit, facts
from central_config.assistant.model.advice.ground import as_form
from central_config.assistant.model.advice.remembering import (
    ACCEPTED,
    DISMISSED,
    OPEN,
    Recommendation,
)
from central_config.assistant.model.reviews.quoting import quoted
from central_config.assistant.service.scanning import enqueue_scan
from central_config.assistant.service.uses import Uses
from central_config.assistant.store import advice as store
from central_config.audit.model import Event
from central_config.audit.service import record
from central_config.configurations.model.cells import Site
from central_config.configurations.model.changes import SET, Change
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.model.views import effective
from central_config.configurations.service import Snapshots
from central_config.configurations.service.changing import Changing
from central_config.configurations.service.edits import Wish
from central_config.configurations.service.proposals import Proposals
from central_config.core.clock import Clock
from central_config.core.db import Database, transaction
from central_config.core.jobs.queue import JobQueue
from central_config.core.json import JSON, decode
from central_config.core.problems import Problem
from central_config.secrets.model import MASK


class AdviceTools(NamedTuple):
    """What advising works with."""

    database: Database
    snapshots: Snapshots
    changing: Changing
    proposals: Proposals
    queue: JobQueue
    clock: Clock


class Evidence(NamedTuple):
    """What an environment serves for a key: quoted and capped, secrets masked; None: nothing."""

    environment: str
    key: str
    value: str | None


class ShownAdvice(NamedTuple):
    """A recommendation with its evidence and the edits its draft would hold."""

    recommendation: Recommendation
    evidence: Sequence[Evidence]
    edits: Sequence[Wish]


class Listing(NamedTuple):
    """Some of the recommendations a caller may see; `more`: whether others come after them.

    `counted_since`: since when reads have been counted; None: they are not. `left_off`: kinds of
    which there is more than is kept. `scanned_at`, `revision`: the last scan; None before it.
    """

    items: Sequence[ShownAdvice]
    more: bool
    scanned_at: datetime | None
    revision: int | None
    left_off: Sequence[str]
    counted_since: datetime | None


class Advising:
    """Shows recommendations and keeps what is decided about them."""

    def __init__(self, tools: AdviceTools, uses: Uses) -> None:
        self._tools = tools
        self._uses = uses

    async def listing(
        self, caller: Caller, status: str | None, kind: str | None, *, start: int, limit: int
    ) -> Listing:
        """Return what was found by the last scan, or decided before; the most telling first.

        Evidence is gathered for those only that are told: `limit` of them, after `start` others.
        """
        state = await self._tools.snapshots.get(caller.place.id)
        async with self._tools.database.connect() as connection:
            known = await store.everything(connection, caller.place.id)
            scan = await store.last_scan(connection, caller.place.id)
        found = [
            each
            for each in known
            if each.advice.kind in KINDS  # a later release may know more
            and status in {None, each.status}
            and kind in {None, each.advice.kind}
            and _visible(caller, state, each)
        ]
        told = sorted(found, key=_order)[start : start + limit]
        return Listing(
            items=[_shown(state, each) for each in told],
            more=start + limit < len(found),
            scanned_at=None if scan is None else scan.scanned_at,
            revision=None if scan is None else scan.revision,
            left_off=() if scan is None else scan.left_off,
            counted_since=await self._uses.since(),
        )

    async def show(self, caller: Caller, id_: UUID) -> ShownAdvice:
        """Return a recommendation.

        Raises:
            Problem: `not-found`, also for one the caller may not see.
        """
        state = await self._tools.snapshots.get(caller.place.id)
        return _shown(state, await self._find(caller, state, id_))

    async def scan(self, caller: Caller) -> UUID:
        """Have the workspace scanned now; return the job that does it, or does it already."""
        workspace_id = caller.place.id
        async with transaction(self._tools.database) as connection:
            job_id = await enqueue_scan(connection, workspace_id)
            event = Event(
                "recommendations.requested", caller.place.slug, caller.actor, workspace_id
            )
            await record(connection, [event], self._tools.clock)
        await self._tools.queue.dispatch(job_id)
        return job_id

    async def accept(self, caller: Caller, id_: UUID) -> Change:
        """Make the draft that a recommendation proposes, by the caller.

        Raises:
            Problem: `not-found`; `wrong-state` for one that is decided, proposes no edits, or
                rests on what has changed since; what is wrong with an edit.
        """
        state = await self._tools.snapshots.fresh(caller.place.id)
        found = await self._find(caller, state, id_)
        if found.status != OPEN:
            raise Problem("wrong-state", f"the recommendation is {found.status} already")
        if not found.advice.steps:
            raise Problem("wrong-state", "it proposes no edits: dismiss it once it is dealt with")
        if facts(state, found.advice) != found.facts:
            raise Problem("wrong-state", "what it is about has changed since: scan again")
        wishes = [_wish(state, step) for step in found.advice.steps]
        message = f"Recommended: {found.advice.title}"
        tools = self._tools
        change = await tools.changing.draft(caller, wishes, message, state.revision)
        # Only now: what could not be drafted was not accepted, and the log never says it was.
        try:
            await self._decide(caller, found, ACCEPTED, change=change.id)
        except Problem:
            comment = "the recommendation was decided meanwhile"
            await tools.proposals.decide(caller, change.id, approve=False, comment=comment)
            raise
        return change

    async def dismiss(self, caller: Caller, id_: UUID, reason: str) -> ShownAdvice:
        """Keep that a recommendation is not wanted; it is given again only if its facts change.

        Raises:
            Problem: `not-found`; `wrong-state` for one that is decided already.
        """
        state = await self._tools.snapshots.get(caller.place.id)
        found = await self._find(caller, state, id_)
        await self._decide(caller, found, DISMISSED, reason=reason)
        return await self.show(caller, id_)

    async def _find(self, caller: Caller, state: WorkspaceState, id_: UUID) -> Recommendation:
        async with self._tools.database.connect() as connection:
            found = await store.find(connection, caller.place.id, id_)
        if found is None or not _reaches(caller, state, found):
            raise Problem("not-found", f"there is no recommendation {id_}")
        return found

    async def _decide(
        self,
        caller: Caller,
        found: Recommendation,
        status: str,
        *,
        reason: str | None = None,
        change: UUID | None = None,
    ) -> None:
        """Keep and record a decision, whole or not at all.

        Raises:
            Problem: `wrong-state` where somebody else was first.
        """
        now = self._tools.clock.now()
        decision = store.Decision(status, OPEN, now, caller.actor.name, reason)
        details: dict[str, JSON] = {"kind": found.advice.kind}
        if reason is not None:
            details["reason"] = reason
        if change is not None:
            details["change"] = str(change)
        event = Event(
            f"recommendation.{status}",
            f"recommendation:{found.id}",
            caller.actor,
            caller.place.id,
            details,
        )
        async with transaction(self._tools.database) as connection:
            if not await store.decide(connection, caller.place.id, found.id, decision):
                raise Problem("wrong-state", "the recommendation was decided already")
            if change is not None:
                await store.drafted(connection, found.id, change)
            await record(connection, [event], self._tools.clock)


def _order(found: Recommendation) -> tuple[int, float, str]:
    """Return where a recommendation stands in the list."""
    advice = found.advice
    return list(KINDS).index(advice.kind), -advice.rank, advice.title


def _visible(caller: Caller, state: WorkspaceState, found: Recommendation) -> bool:
    """Tell whether a recommendation is shown: within reach, and true as far as one can see."""
    if not _reaches(caller, state, found):
        return False
    return found.status != OPEN or facts(state, found.advice) == found.facts


def _reaches(caller: Caller, state: WorkspaceState, found: Recommendation) -> bool:
    """Tell whether all that a recommendation names lies in the caller's reach."""
    advice = found.advice
    if advice.needs and not caller.principal.can(advice.needs, caller.place.id):
        return False
    known = state.topology.by_id
    return all(
        site.environment_id in known
        and caller.principal.reaches(known[site.environment_id].slug, site.key)
        for site in advice.sites
    )


def _shown(state: WorkspaceState, found: Recommendation) -> ShownAdvice:
    evidence = [_evidence(state, site) for site in found.advice.places]
    edits: list[Wish] = []
    if found.status == OPEN:
        with suppress(Problem):  # what it rests on has changed: accepting says so
            edits = [_wish(state, step) for step in found.advice.steps]
    return ShownAdvice(found, evidence, edits)


def _evidence(state: WorkspaceState, site: Site) -> Evidence:
    served = state.served(site)
    value = None
    if served is not None:
        value = f'"{MASK}"' if served.secret else quoted(site.key, decode(served.body))
    return Evidence(state.topology.slug(site.environment_id), site.key, value)


def _wish(state: WorkspaceState, step: AdvisedEdit) -> Wish:
    """Return a step as an edit.

    Raises:
        Problem: `wrong-state` where the value to take has become a secret or is gone.
    """
    environment = state.topology.slug(step.site.environment_id)
    value: JSON = step.value
    if step.action == SET and step.source is not None:
        supplied = effective(state, step.source)
        secret = step.source.key in state.secret_keys
        if supplied is None or supplied[1].secret or secret:
            raise Problem("wrong-state", "the value to take is a secret or gone: scan again")
        value = as_form(decode(supplied[1].body), step.form)
    return Wish(environment, step.site.key, step.action, value, step.status)
