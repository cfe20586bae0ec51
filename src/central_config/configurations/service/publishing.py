"""How a write works.

A caller's wishes become edits (`edits`), the edits a publication, and the publication waits for
its turn in the group writer (`writer`), which checks it under lock (`plan`) and commits it with
others. Where an environment requires approval, the wishes become a change in review instead.
"""

from collections.abc import Sequence

from central_config.access.model import Caller
from central_config.configurations.cache import Snapshots
from central_config.configurations.model.changes import (
    MAXIMUM_MESSAGE,
    Change,
    Condition,
    Outcome,
    Publication,
)
from central_config.configurations.service.edits import Wish, build_edits, build_many_edits
from central_config.configurations.service.proposals import Proposals
from central_config.core.problems import FieldError, Problem
from central_config.core.writer import GroupWriter

Writer = GroupWriter[Publication, Outcome]


class Publishing:
    """Writes that take effect at once, where they may."""

    def __init__(self, snapshots: Snapshots, writer: Writer, proposals: Proposals) -> None:
        self._snapshots = snapshots
        self._writer = writer
        self._proposals = proposals

    async def write(
        self,
        caller: Caller,
        wishes: Sequence[Wish],
        *,
        message: str,
        condition: Condition,
        kind: str = "write",
    ) -> Outcome | Change:
        """Publish the wishes as one revision, all or nothing; or propose them for review.

        Returns:
            The outcome after the commit; or the change in review, where an environment that the
            wishes would reach requires approval.

        Raises:
            Problem: what is wrong with a wish, or the condition that does not hold.
        """
        check_message(message)
        state = await self._snapshots.knowing(
            caller.place.id, {wish.environment for wish in wishes}
        )
        if kind == "write":  # one value: nothing to give way for
            edits = build_edits(caller, state, wishes, single=True)
        else:
            edits = await build_many_edits(caller, state, wishes)
        publication = Publication(
            workspace_id=caller.place.id,
            actor=caller.actor,
            message=message,
            kind=kind,
            edits=edits,
            condition=condition,
        )
        try:
            return await self._writer.submit(publication)
        except Problem as problem:
            if problem.code != "approval-required":
                raise
        return await self._proposals.propose(caller, edits, message, condition, kind)


def check_message(message: str) -> None:
    """Refuse a message longer than its limit.

    Raises:
        Problem: `invalid-request`.
    """
    if len(message) > MAXIMUM_MESSAGE:
        detail = f"a message has at most {MAXIMUM_MESSAGE} characters"
        raise Problem("invalid-request", detail, errors=[FieldError("/message", detail)])
