"""Changes on their way: drafted, reviewed, approved or rejected, published.

draft -> in review -> approved -> published, or rejected from any of the first three. An edit of an
open change takes it back to draft. The author never approves.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from central_config.access.model import Caller
from central_config.audit.model import Event
from central_config.audit.service import record
from central_config.configurations.cache import Snapshots
from central_config.configurations.model.changes import (
    APPROVED,
    DRAFT,
    IN_REVIEW,
    MAXIMUM_EDITS,
    OPEN,
    REJECTED,
    Change,
    Condition,
    Edit,
    Outcome,
    Publication,
)
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service.rehearsal import Rehearsal
from central_config.configurations.store import changes as store
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, snapshot_transaction, transaction
from central_config.core.ids import new_id
from central_config.core.json import JSON
from central_config.core.problems import Problem, invalid
from central_config.core.writer import GroupWriter
from central_config.secrets.service import Vault
from central_config.workspaces.service import lock_one

# Edits inserted by one statement: progress can be told, and no statement runs for seconds.
EDITS_AT_ONCE = 200


class Proposals:
    """All that happens to a change before it is a revision, and the step that makes it one."""

    def __init__(
        self,
        database: Database,
        snapshots: Snapshots,
        vault: Vault,
        writer: GroupWriter[Publication, Outcome],
        clock: Clock,
    ) -> None:
        self._database = database
        self._snapshots = snapshots
        self._vault = vault
        self._writer = writer
        self._clock = clock
        self.rehearsal = Rehearsal(snapshots)

    async def propose(
        self,
        caller: Caller,
        edits: Sequence[Edit],
        message: str,
        condition: Condition,
        kind: str,
    ) -> Change | Outcome:
        """Create a change that is in review at once; refused where it could not be published.

        What is so already needs no review: that is answered as an unchanged outcome.
        """
        outcome = await self.rehearsal.of(
            Publication(
                workspace_id=caller.place.id,
                actor=caller.actor,
                message=message,
                kind=kind,
                edits=tuple(edits),
                condition=condition,
                approved=True,
            )
        )
        if not outcome.changed:
            return outcome
        draft = await self.create(caller, edits, message, condition.since, kind)
        return await self.submit(caller, draft.id)

    async def create(
        self,
        caller: Caller,
        edits: Sequence[Edit],
        message: str,
        base_revision: int | None,
        kind: str = "change",
    ) -> Change:
        """Store a draft; nothing is served differently yet.

        Raises:
            Problem: `invalid-request` for a base revision that does not exist yet.
        """
        state = await self._snapshots.get(caller.place.id)
        base = state.revision if base_revision is None else base_revision
        if base > state.revision:
            state = await self._snapshots.fresh(caller.place.id)
        if base > state.revision:
            raise Problem("invalid-request", f"revision {base} does not exist yet")
        change = Change(
            id=new_id(),
            workspace_id=caller.place.id,
            status=DRAFT,
            kind=kind,
            message=message,
            author_kind=caller.actor.kind,
            author_id=caller.actor.id,
            author_name=caller.actor.name,
            base_revision=base,
            revision=None,
            created_at=self._clock.now(),
            edit_count=len(edits),
            responsible_id=caller.principal.responsible,
        )
        async with transaction(self._database) as connection:
            state = await self._lock(connection, change.workspace_id)
            await store.insert_change(connection, change)
            await self._insert_edits(connection, change, edits, state)
            await self._record(connection, caller, change, "change.drafted", {"edits": len(edits)})
        return change

    async def get(self, caller: Caller, change_id: UUID) -> tuple[Change, list[Edit]]:
        """Return a change and, while it is open or rejected, its edits with values in clear.

        The values are for the service's own use; whoever shows them masks secrets first.

        Raises:
            Problem: `not-found`.
        """
        cipher = await self._vault.cipher(caller.place.id)
        async with snapshot_transaction(self._database) as connection:
            change = await self._find(connection, caller, change_id)
            return change, await store.edits(connection, change.id, cipher)

    async def page(
        self, caller: Caller, conditions: Mapping[str, str], before: UUID | None, limit: int
    ) -> list[Change]:
        """Return changes, newest first."""
        async with self._database.connect() as connection:
            return await store.page(connection, caller.place.id, conditions, before, limit)

    async def revise(
        self,
        caller: Caller,
        change_id: UUID,
        *,
        message: str | None = None,
        edits: Sequence[Edit] | None = None,
    ) -> Change:
        """Replace the message or all edits; an open change becomes a draft again."""
        async with transaction(self._database) as connection:
            state = await self._lock(connection, caller.place.id)
            change = await self._open(connection, caller, change_id)
            self._only_author(caller, change)
            values: dict[str, object] = {"status": DRAFT, "submitted_at": None}
            values |= {"decided_at": None, "decided_by": None, "comment": None}
            if message is not None:
                values["message"] = message
            if edits is not None:
                await store.delete_edits(connection, change.id)
                await self._insert_edits(connection, change, edits, state)
                await store.delete_draft_heads(connection, change.workspace_id)
                values["edit_count"] = len(edits)
            await store.update_change(connection, change.id, values)
            await self._record(connection, caller, change, "change.revised")
            return await self._find(connection, caller, change_id)

    async def append(self, caller: Caller, change_id: UUID, edits: Sequence[Edit]) -> Change:
        """Add edits to a draft; large imports arrive so, piece by piece."""
        async with transaction(self._database) as connection:
            state = await self._lock(connection, caller.place.id)
            change = await self._open(connection, caller, change_id)
            self._only_author(caller, change)
            if change.status != DRAFT:
                raise Problem("wrong-state", f"the change is {change.status}, not a draft")
            first = change.edit_count
            await _check_further(connection, change, edits)
            await self._insert_edits(connection, change, edits, state, first)
            values = {"edit_count": first + len(edits)}
            await store.update_change(connection, change.id, values)
            return await self._find(connection, caller, change_id)

    async def rebase(self, caller: Caller, change_id: UUID) -> Change:
        """Set the base to the present revision: the author has looked at both sides.

        An approval given before does not hold for what the change means now.
        """
        state = await self._snapshots.fresh(caller.place.id)
        async with transaction(self._database) as connection:
            change = await self._open(connection, caller, change_id)
            self._only_author(caller, change)
            values: dict[str, object] = {"base_revision": state.revision, "status": DRAFT}
            values |= {"decided_at": None, "decided_by": None, "submitted_at": None}
            await store.update_change(connection, change.id, values)
            details: dict[str, JSON] = {"base_revision": state.revision}
            await self._record(connection, caller, change, "change.rebased", details)
            return await self._find(connection, caller, change_id)

    async def submit(self, caller: Caller, change_id: UUID) -> Change:
        """Ask for review. What could not be published as things stand is refused now.

        Raises:
            Problem: `wrong-state`, or what publishing would refuse.
        """
        read, edits = await self.get(caller, change_id)
        await self.rehearsal.check(read, edits)
        async with transaction(self._database) as connection:
            change = await self._open(connection, caller, change_id)
            self._only_author(caller, change)
            if change.edition != read.edition:
                raise Problem("wrong-state", "the change was edited meanwhile")
            if change.status != DRAFT:
                raise Problem("wrong-state", f"the change is {change.status}, not a draft")
            values = {"status": IN_REVIEW, "submitted_at": self._clock.now()}
            await store.update_change(connection, change.id, values)
            await self._record(connection, caller, change, "change.submitted")
            return await self._find(connection, caller, change_id)

    async def decide(
        self,
        caller: Caller,
        change_id: UUID,
        *,
        approve: bool,
        comment: str,
        edition: int | None = None,
    ) -> Change:
        """Approve or reject; who is behind the change may only reject, which withdraws it.

        `edition` is the one that was looked at; None: whatever it is now.

        Raises:
            Problem: `own-change`, `wrong-state`.
        """
        async with transaction(self._database) as connection:
            await self._lock(connection, caller.place.id)
            change = await self._open(connection, caller, change_id)
            if edition not in {None, change.edition}:
                detail = f"edition {edition} was looked at, the change is {change.edition} now"
                raise Problem("wrong-state", detail, extra={"edition": change.edition})
            own = change.responsible_id == caller.principal.responsible
            if approve and own:
                raise Problem("own-change", "you wrote this change")
            if not own:
                caller.require("change.review")
            if approve and change.status != IN_REVIEW:
                raise Problem("wrong-state", f"the change is {change.status}, not in review")
            values: dict[str, object] = {
                "status": APPROVED if approve else REJECTED,
                "decided_at": self._clock.now(),
                "decided_by": caller.actor.name,
                "comment": comment,
            }
            await store.update_change(connection, change.id, values)
            if not approve:
                await store.delete_draft_heads(connection, change.workspace_id)
            action = "change.approved" if approve else "change.rejected"
            await self._record(connection, caller, change, action, {"comment": comment})
            return await self._find(connection, caller, change_id)

    async def publish(self, caller: Caller, change_id: UUID) -> Outcome:
        """Make the change a revision: an approved one, or a draft where none is required.

        Raises:
            Problem: `change-conflict` with both sides named, `wrong-state`, or what is invalid.
        """
        change, edits = await self.get(caller, change_id)
        if change.status not in {DRAFT, APPROVED}:
            raise Problem("wrong-state", f"the change is {change.status}")
        if caller.principal.scope is not None:
            self._require_reach(caller, await self._slugs(change, edits))
        return await self._writer.submit(
            Publication(
                workspace_id=change.workspace_id,
                actor=caller.actor,
                message=change.message,
                kind=change.kind,
                edits=tuple(edits),
                condition=Condition(since=change.base_revision),
                change_id=change.id,
                approved=change.status == APPROVED,
                edition=change.edition,
            )
        )

    async def _slugs(self, change: Change, edits: Sequence[Edit]) -> list[tuple[str, str]]:
        state = await self._snapshots.get(change.workspace_id)
        known = state.topology.by_id
        return [
            (known[edit.environment_id].slug, edit.key)
            for edit in edits
            if edit.environment_id in known
        ]

    def _require_reach(self, caller: Caller, places: Sequence[tuple[str, str]]) -> None:
        for environment, key in places:
            caller.require_reach(environment, key)

    async def _lock(self, connection: Connection, workspace_id: UUID) -> WorkspaceState:
        """Lock the workspace, so that no key becomes a secret while edits are stored in clear.

        Taken before the lock of a change, in the order the writer takes them.
        """
        locked = await lock_one(connection, workspace_id)
        return await self._snapshots.bring_up(connection, locked.id, locked.revision)

    async def _insert_edits(
        self,
        connection: Connection,
        change: Change,
        edits: Sequence[Edit],
        state: WorkspaceState,
        first: int = 0,
    ) -> None:
        cipher = await self._vault.cipher(change.workspace_id)
        named = {edit.key for edit in edits}
        secret = frozenset((named & state.secret_keys) | {e.key for e in edits if e.secret})
        for start in range(0, len(edits), EDITS_AT_ONCE):
            block = edits[start : start + EDITS_AT_ONCE]
            await store.insert_edits(connection, change, block, secret, cipher, first=first + start)

    async def _find(self, connection: Connection, caller: Caller, change_id: UUID) -> Change:
        found = await store.change(connection, caller.place.id, change_id)
        if found is None:
            raise Problem("not-found", f"there is no change {change_id} in this workspace")
        return found

    async def _open(self, connection: Connection, caller: Caller, change_id: UUID) -> Change:
        found = await store.change(connection, caller.place.id, change_id, lock=True)
        if found is None:
            raise Problem("not-found", f"there is no change {change_id} in this workspace")
        if found.status not in OPEN:
            raise Problem("wrong-state", f"the change is {found.status} already")
        return found

    def _only_author(self, caller: Caller, change: Change) -> None:
        """Refuse others than the author; a person is the author of what their API keys drafted.

        Not the other way round: a key reaches no further than its scope.
        """
        user = caller.principal.kind == "user"
        behind = user and change.responsible_id == caller.principal.responsible
        if change.author_id != caller.actor.id and not behind:
            raise Problem("permission-denied", f"this change is {change.author_name}'s")

    async def _record(
        self,
        connection: Connection,
        caller: Caller,
        change: Change,
        action: str,
        details: dict[str, JSON] | None = None,
    ) -> None:
        told: dict[str, JSON] = {"message": change.message, **(details or {})}
        event = Event(action, str(change.id), caller.actor, change.workspace_id, told)
        await record(connection, [event], self._clock)


async def _check_further(connection: Connection, change: Change, edits: Sequence[Edit]) -> None:
    """Refuse to add edits of what the change edits already, or more than one change may hold."""
    if change.edit_count + len(edits) > MAXIMUM_EDITS:
        raise invalid("/edits", f"a change has at most {MAXIMUM_EDITS} edits")
    present = await store.edited(connection, change.id, edits)
    for position, edit in enumerate(edits):
        if (edit.environment_id, edit.key) in present:
            raise invalid(f"/edits/{position}/key", f"the change edits {edit.key} twice")
