"""Going back: a rollback is a new change that makes an environment hold what it once held."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from central_config.access.model import Caller
from central_config.configurations.cache import Snapshots
from central_config.configurations.model.cells import REMOVED, Cell, Site
from central_config.configurations.model.changes import (
    REMOVE,
    SET,
    STATUS,
    Change,
    Condition,
    Edit,
    Outcome,
)
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service.edits import Wish, build_edits
from central_config.configurations.service.publishing import Publishing
from central_config.configurations.service.reading import Reading, When
from central_config.core.json import decode
from central_config.core.problems import Problem


class Goal(NamedTuple):
    """What to go back to: all own values of an environment, or only `keys`, or below `prefix`."""

    to: int | datetime
    keys: Sequence[str] = ()
    prefix: str = ""


class Rollback:
    """Makes the present of an environment equal to its past."""

    def __init__(self, snapshots: Snapshots, reading: Reading, publishing: Publishing) -> None:
        self._snapshots = snapshots
        self._reading = reading
        self._publishing = publishing

    async def preview(
        self, caller: Caller, slug: str, goal: Goal
    ) -> tuple[tuple[Edit, ...], WorkspaceState, int]:
        """Return the edits a rollback would make, the present, and the revision to go back to."""
        now, then, wishes = await self._plan(caller, slug, goal)
        return (build_edits(caller, now, wishes) if wishes else ()), now, then.revision

    async def roll_back(
        self, caller: Caller, slug: str, goal: Goal, message: str = ""
    ) -> Outcome | Change:
        """Give the environment's own values (not inherited ones) the form they had.

        Nothing to do is answered as an unchanged outcome.

        Raises:
            Problem: `revision-compacted`, or what a write may raise.
        """
        now, then, wishes = await self._plan(caller, slug, goal)
        if not wishes:
            return Outcome(now.revision, False, None, (), False, ())
        return await self._publishing.write(
            caller,
            wishes,
            message=message or f"Roll {slug} back to revision {then.revision}",
            condition=Condition(since=now.revision),
            kind="rollback",
        )

    async def _plan(
        self, caller: Caller, slug: str, goal: Goal
    ) -> tuple[WorkspaceState, WorkspaceState, list[Wish]]:
        now = await self._snapshots.fresh(caller.place.id)
        self._reading.find(caller, now, slug)
        then = await self._reading.state(caller.place.id, slug, When(goal.to))
        if slug not in then.topology.by_slug:
            detail = f"there was no environment {slug} at revision {then.revision}"
            raise Problem("environment-not-found", detail)
        return now, then, list(_wishes(caller, now, then, slug, goal))


def _wishes(
    caller: Caller, now: WorkspaceState, then: WorkspaceState, slug: str, goal: Goal
) -> Iterator[Wish]:
    environment_id = now.topology.by_slug[slug].id
    past = then.topology.by_slug[slug].id
    known = set(now.layer(environment_id)) | set(then.layer(past))
    wanted = set(goal.keys)
    for key in sorted(known):
        if (wanted and key not in wanted) or not key.startswith(goal.prefix):
            continue
        present, past_cell = now.own(Site(environment_id, key)), then.own(Site(past, key))
        wish = _wish(slug, key, present, past_cell, reveals=caller.reveals(slug, key))
        if wish is not None:
            yield wish


def _wish(
    slug: str, key: str, now: Cell | None, then: Cell | None, *, reveals: bool
) -> Wish | None:
    held = now is not None and now.status != REMOVED
    if then is not None and then.status != REMOVED and not then.body:
        return None  # damaged then: there is nothing to go back to
    if then is None or then.status == REMOVED:
        return Wish(slug, key, REMOVE) if held else None
    if now is not None and held:
        # To somebody who may not see a secret, "nothing to do" would confirm a guess.
        if now.version == then.version:
            return None
        same = now.body == then.body and (reveals or not now.secret)
        if same and now.status == then.status:
            return None
        if same:
            return Wish(slug, key, STATUS, status=then.status)
    return Wish(slug, key, SET, decode(then.body), status=then.status)
