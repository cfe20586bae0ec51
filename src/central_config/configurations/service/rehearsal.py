"""Trying a change out: what publishing it would say at this moment. Writes nothing."""

from collections.abc import Sequence

from central_config.access.model import Caller
from central_config.audit.model import Actor
from central_config.configurations.cache import Snapshots
from central_config.configurations.model.changes import (
    Change,
    Condition,
    Edit,
    Outcome,
    Publication,
)
from central_config.configurations.service.plan import WorkspacePlan
from central_config.core.pace import unhurried
from central_config.core.problems import Problem


class Rehearsal:
    """Runs the checks of the writer on the present state, as if it were locked."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots

    async def check(self, change: Change, edits: Sequence[Edit]) -> None:
        """Refuse what publishing the change would refuse at this moment; writes nothing."""
        await self.of(
            Publication(
                workspace_id=change.workspace_id,
                actor=author_of(change),
                message=change.message,
                kind=change.kind,
                edits=tuple(edits),
                condition=Condition(since=change.base_revision),
                change_id=change.id,
                approved=True,
            )
        )

    async def try_out(
        self, caller: Caller, edits: Sequence[Edit], base_revision: int | None
    ) -> None:
        """Refuse edits that could not be published as things stand; writes nothing."""
        outcome = await self.of(
            Publication(
                workspace_id=caller.place.id,
                actor=caller.actor,
                message="",
                kind="change",
                edits=tuple(edits),
                condition=Condition(since=base_revision),
                approved=True,
            )
        )
        if not outcome.changed:
            raise Problem("wrong-state", "every edit of the change is in force already")

    async def of(self, publication: Publication) -> Outcome:
        """Return what would become of a publication.

        Raises:
            Problem: what would refuse it.
        """
        state = await self._snapshots.fresh(publication.workspace_id)
        return await unhurried(WorkspacePlan(state).adding(publication))


def author_of(change: Change) -> Actor:
    """Return the author as an actor."""
    return Actor(change.author_kind, change.author_id, change.author_name)
