"""The workspaces this process holds in memory, and how they are kept at the last revision.

`filling` makes states; `memory` keeps them within a bound; `keeper` leaves copies in Redis for
replicas that start cold.

Everybody who reads goes through `get`. Two bring workspaces forward: the writer, inside its
transaction, and the relay, when it hears of a revision or looks for one. Both end in the same
`_step`, so every listener hears of every revision once and in order.

Nobody waits for a lock of this process while holding a connection of the pool: who has the lock
may be waiting for a connection. So whoever comes with a connection takes no lock (`bring_up`).
Several may then follow one workspace at a time; each looks at the present state right before it
changes it, without waiting in between, and skips what another has taken already.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from central_config.configurations.cache.filling import REPLAY_LIMIT, Filling
from central_config.configurations.cache.steps import Listener, Step
from central_config.configurations.model.candidate import apply
from central_config.configurations.model.cells import Effect, Placed, ServedChange
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.store import loading, schemas
from central_config.configurations.store.warm import WarmStore
from central_config.core.db import Connection, Database, lost_connection, snapshot_transaction
from central_config.core.metrics import CACHE_REQUESTS, REVISION, SNAPSHOT_AGE
from central_config.secrets.service import Vault
from central_config.workspaces.model import RevisionRow
from central_config.workspaces.service import (
    revision_rows,
    revisions_now,
    topology_at,
    workspace_by_id,
)

log = structlog.get_logger(__name__)

# Past states kept for the next question about them (a diff asks twice, people look around).
PAST_STATES = 4
_HELD, _NOT_HELD = (CACHE_REQUESTS.labels("memory", outcome) for outcome in ("hit", "miss"))


class Snapshots:
    """The states of workspaces, loaded at their first use."""

    def __init__(self, database: Database, vault: Vault, warm: WarmStore | None = None) -> None:
        self._database = database
        self._vault = vault
        self._states: dict[UUID, WorkspaceState] = {}
        self._locks: dict[UUID, asyncio.Lock] = {}
        self._looked: dict[UUID, float] = {}
        self._lost: dict[UUID, float] = {}
        self._past: OrderedDict[tuple[UUID, int], WorkspaceState] = OrderedDict()
        self._listeners: list[Listener] = []
        self._confirmed = time.monotonic()
        # Asked for at each scrape: a database that hangs must not keep it young.
        SNAPSHOT_AGE.set_function(lambda: self.age)
        self._filling = Filling(vault, warm)
        self._used: dict[UUID, float] = {}
        self._coming: dict[UUID, int] = {}

    def listen(self, listener: Listener) -> None:
        """Call `listener` after each revision this process takes; it must not wait."""
        self._listeners.append(listener)

    @property
    def held(self) -> Mapping[UUID, WorkspaceState]:
        """The workspaces in memory."""
        return dict(self._states)

    @property
    def past(self) -> list[WorkspaceState]:
        """The past states in memory."""
        return list(self._past.values())

    @property
    def age(self) -> float:
        """Seconds since it was last confirmed that what is held is the last revision."""
        return time.monotonic() - self._confirmed

    def age_at(self, moment: float) -> float:
        """Return the same at a moment of `time.monotonic()` that the caller knows already."""
        return moment - self._confirmed

    def slug(self, workspace_id: UUID) -> str:
        """Return the name of a workspace that was loaded."""
        return self._filling.slugs[workspace_id]

    def confirm(self) -> None:
        """Note that everything held was current just now."""
        self._confirmed = time.monotonic()

    def peek(self, workspace_id: UUID) -> WorkspaceState | None:
        """Return the state if it is held."""
        return self._states.get(workspace_id)

    def touch(self, workspace_id: UUID) -> None:
        """Note that a workspace is in use, by whoever keeps what `get` returned."""
        self._used[workspace_id] = time.monotonic()

    def used(self, workspace_id: UUID) -> float:
        """Return when a workspace was last used here (in seconds of `time.monotonic()`)."""
        return self._used.get(workspace_id, 0.0)

    def expect(self, workspace_id: UUID, revision: int | None) -> None:
        """Note the last revision this process is committing right now; None: no more."""
        if revision is None:
            self._coming.pop(workspace_id, None)
        else:
            self._coming[workspace_id] = revision

    def will_hold(self, workspace_id: UUID, revision: int) -> bool:
        """Tell whether a revision is held, is being committed here, or is of no concern here.

        The database announces a commit to whoever listens before it answers the one who made it.
        """
        state = self._states.get(workspace_id)
        if state is None or state.revision >= revision:
            return True
        return self._coming.get(workspace_id, 0) >= revision

    async def get(self, workspace_id: UUID) -> WorkspaceState:
        """Return the present state; loads it at the first use.

        Raises:
            Problem: `workspace-not-found` when it was deleted.
        """
        self._used[workspace_id] = time.monotonic()
        found = self._states.get(workspace_id)
        if found is not None:
            _HELD.inc()
            return found
        async with self._alone(workspace_id):
            return self._states.get(workspace_id) or await self._loaded(workspace_id)

    async def knowing(self, workspace_id: UUID, slugs: Iterable[str]) -> WorkspaceState:
        """Return the present state; one that lacks a named environment is brought up to date.

        Another replica may have created it a moment ago, and clients go from one to the other.
        """
        state = await self.get(workspace_id)
        if all(slug in state.topology.by_slug for slug in slugs):
            return state
        return await self.fresh(workspace_id)

    async def fresh(self, workspace_id: UUID) -> WorkspaceState:
        """Return the state at the last revision PostgreSQL knows at this moment.

        Raises:
            Problem: `workspace-not-found` when it was deleted before anybody here used it.
        """
        asked = self._used[workspace_id] = time.monotonic()
        async with self._alone(workspace_id):
            held = self._states.get(workspace_id)
            if held is not None and self._looked.get(workspace_id, 0) > asked:
                # Somebody began to look after we asked, and has finished: that is new enough.
                return held
            await self._vault.cipher(workspace_id)
            looked = time.monotonic()
            if held is None:
                state = await self._loaded(workspace_id)
            else:
                async with snapshot_transaction(self._database) as connection:
                    now = await revisions_now(connection, [workspace_id])
                    state = await self.bring_up(connection, workspace_id, now.get(workspace_id, 0))
            self._looked[workspace_id] = looked
            return state

    async def at(self, workspace_id: UUID, revision: int) -> WorkspaceState:
        """Return the state as it was at a revision that is not compacted."""
        now = await self.get(workspace_id)
        if now.revision == revision:
            return now
        known = self._past.get((workspace_id, revision))
        if known is None or now.secret_keys - known.secret_keys:
            # What became a secret since is one in the past too.
            await self._vault.cipher(workspace_id)
            async with snapshot_transaction(self._database) as connection:
                known = await self._filling.past(connection, workspace_id, revision)
            self._past[workspace_id, revision] = known
            while len(self._past) > PAST_STATES:
                self._past.popitem(last=False)
        self._past.move_to_end((workspace_id, revision))
        return known

    async def bring_up(
        self, connection: Connection, workspace_id: UUID, revision: int
    ) -> WorkspaceState:
        """Return the state, at `revision` or later; reads what is missing by this connection.

        It must see one moment of the workspace: by a snapshot, or by holding the workspace's row.

        Raises:
            Problem: `workspace-not-found` when it was deleted.
        """
        state = self._states.get(workspace_id)
        if state is not None and state.revision < revision:
            await self._follow(connection, state, revision)
            state = self._states.get(workspace_id)
        if state is None or state.revision < revision:
            state = self._keep(await self._filling.present(connection, workspace_id))
        return state

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
            self._used[state.workspace_id] = time.monotonic()
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
            state = await self._filling.past(connection, workspace_id, after)
        return [
            (
                row.revision,
                apply(state, cells.get(row.revision, []), row.revision, row.published_at),
            )
            for row in rows
        ]

    def drop(self, workspace_id: UUID) -> None:
        """Forget a workspace that was deleted, or whose past was rewritten."""
        self._let_go(workspace_id, gone=True)

    def distrust(self) -> None:
        """Forget, all but what is held, what came from a database that was put back."""
        self.forget_past()
        self._looked.clear()
        self._vault.forget()

    async def renew(self, workspace_id: UUID) -> None:
        """Load anew a workspace that is held at an earlier revision; watchers get all of it."""
        await self._vault.cipher(workspace_id)
        async with snapshot_transaction(self._database) as connection:
            self._keep(await self._filling.present(connection, workspace_id))

    def put_away(self, workspace_id: UUID) -> bool:
        """Forget a workspace that nobody uses until it is used again; tell whether that was done.

        One that is being loaded, brought up or written at this moment stays.
        """
        state = self._states.get(workspace_id)
        lock = self._locks.get(workspace_id)
        if state is None or (lock is not None and lock.locked()):
            return False
        if self._coming.get(workspace_id, 0) > state.revision:
            return False
        self._let_go(workspace_id, gone=False)
        return True

    def forget_past(self, workspace_id: UUID | None = None) -> None:
        """Forget past states, of one workspace or of all: after compaction, or to have room."""
        for past in list(self._past):
            if workspace_id in {None, past[0]}:
                del self._past[past]

    async def count_active(self) -> int:
        """Return how many configurations are active, over all workspaces."""
        async with self._database.connect() as connection:
            return await loading.count_active(connection)

    @contextlib.asynccontextmanager
    async def _alone(self, workspace_id: UUID) -> AsyncGenerator[None]:
        """Wait for the workspace's lock; whoever holds a connection must not.

        Raises:
            ConnectionError: somebody before us lost the database while we waited: were each to
                find that out for itself, the last would wait for all of them.
        """
        asked = time.monotonic()
        async with self._locks.setdefault(workspace_id, asyncio.Lock()):
            if self._lost.get(workspace_id, 0) > asked:
                message = "the database did not answer somebody who asked for the same"
                raise ConnectionError(message)
            try:
                yield
            except Exception as error:
                if lost_connection(error):
                    self._lost[workspace_id] = time.monotonic()
                raise

    async def _loaded(self, workspace_id: UUID) -> WorkspaceState:
        """Load a workspace that is not held; whoever calls has its lock."""
        _NOT_HELD.inc()
        # Before the connection is taken: the first need of a key takes one of its own, and Redis
        # may make us wait.
        await self._vault.cipher(workspace_id)
        warm = await self._filling.fetch(workspace_id)
        async with snapshot_transaction(self._database) as connection:
            return self._keep(await self._filling.present(connection, workspace_id, warm))

    def _let_go(self, workspace_id: UUID, *, gone: bool) -> None:
        self.forget_past(workspace_id)
        state = self._states.pop(workspace_id, None)
        self._used.pop(workspace_id, None)
        if state is not None:
            with contextlib.suppress(KeyError):
                REVISION.remove(self.slug(workspace_id))
            self._tell(Step(state, state.revision, None, gone=gone, put_away=not gone))

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
            fresh = self._keep(await self._filling.present(connection, workspace_id))
            log.info("workspace loaded anew", workspace=str(workspace_id), revision=fresh.revision)
            return
        cipher = await self._vault.cipher(workspace_id)
        cells = await loading.cells_since(connection, workspace_id, after, through, cipher)
        for row in rows:
            await self._replay(connection, row, cells.get(row.revision, []))

    async def _replay(
        self, connection: Connection, row: RevisionRow, cells: Sequence[Placed]
    ) -> None:
        """Take one revision, unless somebody else has taken it while we were reading."""
        workspace_id = row.workspace_id
        found = rules = secret_keys = None
        if row.kind == "environments":
            found = await topology_at(connection, workspace_id, row.revision)
        if row.kind == "schemas":
            rules = tuple(await schemas.rules(connection, workspace_id))
        if row.kind == "keys":
            secret_keys = await loading.secret_keys(connection, workspace_id)
        # From here on nothing waits.
        state = self._states.get(workspace_id)
        if state is None or state.revision != row.revision - 1:
            return
        if found is not None:
            self._keep(state.rebuilt(found, row.revision, row.published_at))
            return
        if rules is not None:
            state.rules = rules
        if secret_keys is not None:
            state.secret_keys = secret_keys
        self._step(state, cells, row.revision, row.published_at)

    def _keep(self, state: WorkspaceState) -> WorkspaceState:
        """Hold a state from now on, unless one as new is held; return the one that is held."""
        present = self._states.get(state.workspace_id)
        if present is not None and present.revision >= state.revision:
            return present
        self._states[state.workspace_id] = state
        self._used.setdefault(state.workspace_id, time.monotonic())
        self._tell(Step(state, state.revision, None))
        return state
