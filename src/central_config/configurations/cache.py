"""The workspaces this process holds in memory, and how they are kept at the last revision.

Everybody who reads goes through `get`. Two bring workspaces forward: the writer, inside its
transaction, and the relay, when it hears of a revision or looks for one. Both end in the same
`_step`, so every listener hears of every revision once and in order.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog

from central_config.configurations.model.candidate import apply
from central_config.configurations.model.cells import Effect, Placed, ServedChange
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.store import loading, schemas
from central_config.core.db import Connection, Database, snapshot_transaction
from central_config.core.metrics import SNAPSHOT_AGE
from central_config.core.problems import Problem
from central_config.secrets.service import Vault
from central_config.workspaces.model import RevisionRow
from central_config.workspaces.service import (
    revision_rows,
    revisions_now,
    topology,
    topology_at,
    workspace_by_id,
)

log = structlog.get_logger(__name__)

# Further behind than this, loading everything anew is quicker than replaying (versions).
REPLAY_LIMIT = 20_000
# Past states kept for the next question about them (a diff asks twice, people look around).
PAST_STATES = 4


class Step(NamedTuple):
    """One revision as this process took it.

    `changes` None: everything may be different (environments moved, or the process was far
    behind), so whoever follows must look at the whole again.
    """

    state: WorkspaceState
    revision: int
    changes: list[ServedChange] | None
    gone: bool = False


Listener = Callable[[Step], None]


class Snapshots:
    """The states of workspaces, loaded at their first use."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._states: dict[UUID, WorkspaceState] = {}
        self._locks: dict[UUID, asyncio.Lock] = {}
        self._past: OrderedDict[tuple[UUID, int], WorkspaceState] = OrderedDict()
        self._listeners: list[Listener] = []
        self._confirmed = time.monotonic()
        self._slugs: dict[UUID, str] = {}

    def listen(self, listener: Listener) -> None:
        """Call `listener` after each revision this process takes; it must not wait."""
        self._listeners.append(listener)

    @property
    def held(self) -> Mapping[UUID, WorkspaceState]:
        """The workspaces in memory."""
        return dict(self._states)

    @property
    def age(self) -> float:
        """Seconds since it was last confirmed that what is held is the last revision."""
        return time.monotonic() - self._confirmed

    def slug(self, workspace_id: UUID) -> str:
        """Return the name of a workspace that was loaded."""
        return self._slugs[workspace_id]

    def confirm(self) -> None:
        """Note that everything held was current just now."""
        self._confirmed = time.monotonic()
        SNAPSHOT_AGE.set(0)

    def peek(self, workspace_id: UUID) -> WorkspaceState | None:
        """Return the state if it is held."""
        return self._states.get(workspace_id)

    async def get(self, workspace_id: UUID) -> WorkspaceState:
        """Return the present state; loads it at the first use.

        Raises:
            Problem: `workspace-not-found` when it was deleted.
        """
        found = self._states.get(workspace_id)
        if found is not None:
            return found
        async with self._lock(workspace_id):
            found = self._states.get(workspace_id)
            if found is None:
                found = await self._load(workspace_id)
                self._states[workspace_id] = found
            return found

    async def knowing(self, workspace_id: UUID, slugs: Iterable[str]) -> WorkspaceState:
        """Return the present state; one that lacks a named environment is brought up to date.

        Another replica may have created it a moment ago, and clients go from one to the other.
        """
        state = await self.get(workspace_id)
        if all(slug in state.topology.by_slug for slug in slugs):
            return state
        return await self.fresh(workspace_id)

    async def fresh(self, workspace_id: UUID) -> WorkspaceState:
        """Return the state at the last revision PostgreSQL knows at this moment."""
        await self.get(workspace_id)
        async with snapshot_transaction(self._database) as connection:
            now = await revisions_now(connection, [workspace_id])
            return await self.bring_up(connection, workspace_id, now.get(workspace_id, 0))

    async def at(self, workspace_id: UUID, revision: int) -> WorkspaceState:
        """Return the state as it was at a revision that is not compacted."""
        now = await self.get(workspace_id)
        if now.revision == revision:
            return now
        known = self._past.get((workspace_id, revision))
        if known is None or now.secret_keys - known.secret_keys:
            # What became a secret since is one in the past too.
            known = await self._load_past(workspace_id, revision)
            self._past[workspace_id, revision] = known
            while len(self._past) > PAST_STATES:
                self._past.popitem(last=False)
        self._past.move_to_end((workspace_id, revision))
        return known

    async def bring_up(
        self, connection: Connection, workspace_id: UUID, revision: int
    ) -> WorkspaceState:
        """Return the state, at `revision` or later; reads what is missing by this connection."""
        state = await self.get(workspace_id)
        if state.revision >= revision:
            return state
        async with self._lock(workspace_id):
            state = self._states.get(workspace_id, state)
            if state.revision < revision:
                await self._follow(connection, state, revision)
            return self._states.get(workspace_id, state)

    def take(
        self,
        state: WorkspaceState,
        effect: Effect,
        revision: int,
        published_at: datetime,
    ) -> None:
        """Take a revision that this process itself has just worked out and committed."""
        if self._states.get(state.workspace_id) is state and state.revision == revision - 1:
            state.absorb(effect, revision, published_at)
            self._tell(Step(state, revision, effect.changes))

    async def replay(
        self, workspace_id: UUID, after: int, through: int
    ) -> list[tuple[int, list[ServedChange]]] | None:
        """Return what each revision in (after, through] did to readers, from history.

        None where history cannot tell: compacted, or environments moved in between.
        """
        cipher = await self._vault.cipher(workspace_id)
        async with snapshot_transaction(self._database) as connection:
            workspace = await workspace_by_id(connection, workspace_id)
            rows = await revision_rows(connection, workspace_id, after=after, through=through)
            if workspace is None or after < workspace.oldest_revision:
                return None
            moved = any(row.kind == "environments" for row in rows)
            if moved or len(rows) != through - after:
                return None
            cells = await loading.cells_since(connection, workspace_id, after, through, cipher)
        state = await self._load_past(workspace_id, after)
        return [
            (
                row.revision,
                apply(state, cells.get(row.revision, []), row.revision, row.published_at),
            )
            for row in rows
        ]

    def drop(self, workspace_id: UUID) -> None:
        """Forget a workspace that was deleted, or whose past was rewritten."""
        state = self._states.pop(workspace_id, None)
        for past in [each for each in self._past if each[0] == workspace_id]:
            del self._past[past]
        if state is not None:
            self._tell(Step(state, state.revision, None, gone=True))

    def forget_past(self, workspace_id: UUID) -> None:
        """Forget past states after compaction."""
        for past in [each for each in self._past if each[0] == workspace_id]:
            del self._past[past]

    async def count_active(self) -> int:
        """Return how many configurations are active, over all workspaces."""
        async with self._database.connect() as connection:
            return await loading.count_active(connection)

    def _lock(self, workspace_id: UUID) -> asyncio.Lock:
        return self._locks.setdefault(workspace_id, asyncio.Lock())

    def _tell(self, step: Step) -> None:
        for listener in self._listeners:
            listener(step)

    def _step(
        self,
        state: WorkspaceState,
        cells: Sequence[Placed],
        revision: int,
        published_at: datetime,
    ) -> None:
        self._tell(Step(state, revision, apply(state, cells, revision, published_at)))

    async def _follow(self, connection: Connection, state: WorkspaceState, through: int) -> None:
        workspace_id, after = state.workspace_id, state.revision
        rows = await revision_rows(connection, workspace_id, after=after, through=through)
        size = await loading.count_since(connection, workspace_id, after, REPLAY_LIMIT + 1)
        if len(rows) != through - after or size > REPLAY_LIMIT:
            fresh = await self._load(workspace_id)
            log.info("workspace loaded anew", workspace=str(workspace_id), revision=fresh.revision)
            self._replace(fresh)
            return
        cipher = await self._vault.cipher(workspace_id)
        cells = await loading.cells_since(connection, workspace_id, after, through, cipher)
        for row in rows:
            state = await self._replay(connection, state, row, cells.get(row.revision, []))

    async def _replay(
        self,
        connection: Connection,
        state: WorkspaceState,
        row: RevisionRow,
        cells: Sequence[Placed],
    ) -> WorkspaceState:
        if row.kind == "environments":
            found = await topology_at(connection, state.workspace_id, row.revision)
            state = state.rebuilt(found, row.revision, row.published_at)
            self._replace(state)
            return state
        if row.kind == "schemas":
            state.rules = tuple(await schemas.rules(connection, state.workspace_id))
        if row.kind == "keys":
            state.secret_keys = await loading.secret_keys(connection, state.workspace_id)
        # The writer may have taken this revision while we were reading.
        if state.revision < row.revision:
            self._step(state, cells, row.revision, row.published_at)
        return state

    def _replace(self, state: WorkspaceState) -> None:
        self._states[state.workspace_id] = state
        self._tell(Step(state, state.revision, None))

    async def _load(self, workspace_id: UUID) -> WorkspaceState:
        cipher = await self._vault.cipher(workspace_id)
        async with snapshot_transaction(self._database) as connection:
            workspace = await workspace_by_id(connection, workspace_id)
            if workspace is None:
                raise Problem("workspace-not-found", "the workspace was deleted")
            self._slugs[workspace_id] = workspace.slug
            cells: list[Placed] = []
            async for block in loading.heads(connection, workspace_id, cipher):
                cells.extend(block)
            rows = await revision_rows(
                connection,
                workspace_id,
                after=workspace.revision - 1,
                through=workspace.revision,
            )
            return WorkspaceState(
                workspace_id,
                workspace.revision,
                rows[0].published_at if rows else workspace.created_at,
                await topology(connection, workspace_id),
                cells,
                await schemas.rules(connection, workspace_id),
                await loading.secret_keys(connection, workspace_id),
            )

    async def _load_past(self, workspace_id: UUID, revision: int) -> WorkspaceState:
        cipher = await self._vault.cipher(workspace_id)
        async with snapshot_transaction(self._database) as connection:
            cells: list[Placed] = []
            async for block in loading.heads_at(connection, workspace_id, revision, cipher):
                cells.extend(block)
            workspace = await workspace_by_id(connection, workspace_id)
            if workspace is None:
                raise Problem("workspace-not-found", "the workspace was deleted")
            rows = await revision_rows(
                connection, workspace_id, after=revision - 1, through=revision
            )
            return WorkspaceState(
                workspace_id,
                revision,
                rows[0].published_at if rows else workspace.created_at,
                await topology_at(connection, workspace_id, revision),
                cells,
                secret_keys=await loading.secret_keys(connection, workspace_id),
            )
