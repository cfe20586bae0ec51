"""Changes as callers hand them in: wishes first, edits after they were checked."""

from collections.abc import Sequence
from uuid import UUID

from central_config.access.model import Caller
from central_config.configurations.cache import Snapshots
from central_config.configurations.model.changes import Change, Edit
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service.edits import Wish, build_many_edits
from central_config.configurations.service.proposals import Proposals


class Changing:
    """Turns wishes into the edits of a change that is kept for later."""

    def __init__(self, snapshots: Snapshots, proposals: Proposals) -> None:
        self._snapshots = snapshots
        self._proposals = proposals

    async def draft(
        self,
        caller: Caller,
        wishes: Sequence[Wish],
        message: str,
        base_revision: int | None,
        *,
        submit: bool = False,
        kind: str = "change",
    ) -> Change:
        """Keep a change as a draft, or put it to review.

        Raises:
            Problem: what is wrong with a wish; with `submit`, what publishing would refuse.
        """
        slugs = {wish.environment for wish in wishes}
        state = await self._snapshots.knowing(caller.place.id, slugs)
        edits = await build_many_edits(caller, state, wishes)
        if submit:
            await self._proposals.rehearsal.try_out(caller, edits, base_revision)
        change = await self._proposals.create(caller, edits, message, base_revision, kind)
        return await self._proposals.submit(caller, change.id) if submit else change

    async def check(self, caller: Caller, wishes: Sequence[Wish]) -> None:
        """Refuse what is wrong with a wish in itself; keeps nothing."""
        slugs = {wish.environment for wish in wishes}
        state = await self._snapshots.knowing(caller.place.id, slugs)
        await build_many_edits(caller, state, wishes)

    async def rehearse(
        self, caller: Caller, wishes: Sequence[Wish], base_revision: int | None
    ) -> None:
        """Refuse wishes that could not be published as things stand; keeps nothing."""
        slugs = {wish.environment for wish in wishes}
        state = await self._snapshots.knowing(caller.place.id, slugs)
        edits = await build_many_edits(caller, state, wishes)
        await self._proposals.rehearsal.try_out(caller, edits, base_revision)

    async def revise(
        self, caller: Caller, change_id: UUID, message: str | None, wishes: Sequence[Wish] | None
    ) -> Change:
        """Replace the message or all edits of an open change."""
        edits = None
        if wishes is not None:
            slugs = {wish.environment for wish in wishes}
            state = await self._snapshots.knowing(caller.place.id, slugs)
            edits = await build_many_edits(caller, state, wishes)
        return await self._proposals.revise(caller, change_id, message=message, edits=edits)

    async def append(self, caller: Caller, change_id: UUID, wishes: Sequence[Wish]) -> Change:
        """Add edits to a draft."""
        slugs = {wish.environment for wish in wishes}
        state = await self._snapshots.knowing(caller.place.id, slugs)
        edits = await build_many_edits(caller, state, wishes)
        return await self._proposals.append(caller, change_id, edits)

    async def show(
        self, caller: Caller, change_id: UUID
    ) -> tuple[Change, list[Edit], WorkspaceState]:
        """Return a change, its edits within the caller's reach, and the present to compare with."""
        state = await self._snapshots.get(caller.place.id)
        change, edits = await self._proposals.get(caller, change_id)
        known = state.topology.by_id
        seen = [
            edit
            for edit in edits
            if edit.environment_id in known
            and caller.principal.reaches(known[edit.environment_id].slug, edit.key)
        ]
        return change, seen, state
