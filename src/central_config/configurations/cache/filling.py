"""Making the state of a workspace: from PostgreSQL, or from what another process left in Redis.

The copy in Redis is of an earlier revision. It is used only if PostgreSQL still knows that very
revision, and only after it was brought up to the present: nobody sees it before.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog

from central_config.configurations.model.candidate import apply
from central_config.configurations.model.cells import Layers
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.store import loading, schemas
from central_config.configurations.store.warm import Warm, WarmStore
from central_config.core.db import Connection
from central_config.core.metrics import CACHE_REQUESTS, SNAPSHOT_LOAD
from central_config.core.problems import Problem
from central_config.secrets.service import Vault
from central_config.workspaces.model import RevisionRow, Workspace
from central_config.workspaces.service import gaps, revision_rows, topology_at, workspace_by_id

log = structlog.get_logger(__name__)

# Further behind than this, loading everything anew is quicker than replaying (versions).
REPLAY_LIMIT = 20_000

_WARM, _MISSED, _STALE = (
    CACHE_REQUESTS.labels("redis", outcome) for outcome in ("hit", "miss", "stale")
)


class Filling:
    """Makes states. `slugs` are the names of the workspaces that were loaded."""

    def __init__(self, vault: Vault, warm: WarmStore | None) -> None:
        self._vault = vault
        self._warm = warm
        self.slugs: dict[UUID, str] = {}

    async def fetch(self, workspace_id: UUID) -> Warm | None:
        """Return the copy in Redis, if there is one and Redis is quick."""
        if self._warm is None:
            return None
        found = await self._warm.fetch(workspace_id)
        if found is None:
            _MISSED.inc()
        return found

    async def present(
        self, connection: Connection, workspace_id: UUID, warm: Warm | None = None
    ) -> WorkspaceState:
        """Return the state at the last revision this connection sees.

        Raises:
            Problem: `workspace-not-found` when it was deleted.
        """
        began = time.perf_counter() - (0.0 if warm is None else warm.took)
        workspace = await _workspace(connection, workspace_id)
        self.slugs[workspace_id] = workspace.slug
        state = None if warm is None else await self._brought_up(connection, workspace, warm)
        if warm is not None:
            (_STALE if state is None else _WARM).inc()
        source = "postgresql" if state is None else "redis"
        if state is None:
            state = await self._read(connection, workspace)
        SNAPSHOT_LOAD.labels(source).observe(time.perf_counter() - began)
        return state

    async def past(
        self, connection: Connection, workspace_id: UUID, revision: int
    ) -> WorkspaceState:
        """Return the state at a revision that is not compacted.

        Raises:
            Problem: `workspace-not-found` when it was deleted.
        """
        cipher = await self._vault.cipher(workspace_id)
        workspace = await _workspace(connection, workspace_id)
        layers = await loading.heads_at(connection, workspace_id, revision, cipher)
        rows = await revision_rows(connection, workspace_id, after=revision - 1, through=revision)
        return await _settled(
            WorkspaceState(
                workspace_id,
                revision,
                rows[0].published_at if rows else workspace.created_at,
                await topology_at(connection, workspace_id, revision),
                layers,
                secret_keys=await loading.secret_keys(connection, workspace_id),
            )
        )

    async def _read(self, connection: Connection, workspace: Workspace) -> WorkspaceState:
        cipher = await self._vault.cipher(workspace.id)
        layers = await loading.heads(connection, workspace.id, cipher)
        last = workspace.revision
        rows = await revision_rows(connection, workspace.id, after=last - 1, through=last)
        published_at = rows[0].published_at if rows else workspace.created_at
        return await _state(connection, workspace.id, last, published_at, layers)

    async def _brought_up(
        self, connection: Connection, workspace: Workspace, warm: Warm
    ) -> WorkspaceState | None:
        """Return the state made of a copy; None where the copy cannot be used."""
        rows = await _since(connection, workspace, warm)
        if rows is None:
            log.info("snapshot in redis not used", workspace=workspace.slug, revision=warm.revision)
            return None
        cipher = await self._vault.cipher(workspace.id)
        cells = await loading.cells_since(
            connection, workspace.id, warm.revision, workspace.revision, cipher
        )
        state = await _state(
            connection, workspace.id, warm.revision, warm.published_at, warm.layers
        )
        for row in rows:
            if row.kind == "environments":
                topology = await topology_at(connection, workspace.id, row.revision)
                state = state.rebuilt(topology, row.revision, row.published_at)
            else:
                apply(state, cells.get(row.revision, []), row.revision, row.published_at)
                await asyncio.sleep(0)
        return state


async def _since(
    connection: Connection, workspace: Workspace, warm: Warm
) -> Sequence[RevisionRow] | None:
    """Return the revisions after a copy's; None if it is of another past, or too old."""
    if not workspace.oldest_revision <= warm.revision <= workspace.revision:
        return None
    rows = await revision_rows(
        connection, workspace.id, after=warm.revision - 1, through=workspace.revision
    )
    if len(rows) != workspace.revision - warm.revision + 1:
        return None
    # A database that was restored may have given the same number to another revision.
    if (rows[0].published_at, rows[0].change_id) != warm.identity:
        return None
    size = await loading.count_since(connection, workspace.id, warm.revision, REPLAY_LIMIT + 1)
    return None if size > REPLAY_LIMIT else rows[1:]


async def _workspace(connection: Connection, workspace_id: UUID) -> Workspace:
    workspace = await workspace_by_id(connection, workspace_id)
    if workspace is None:
        raise Problem("workspace-not-found", "the workspace was deleted")
    return workspace


async def _state(
    connection: Connection,
    workspace_id: UUID,
    revision: int,
    published_at: datetime,
    layers: Layers,
) -> WorkspaceState:
    """Return a state of these cells; rules and names of secrets are those of the present."""
    state = await _settled(
        WorkspaceState(
            workspace_id,
            revision,
            published_at,
            # Not the table of environments: the caller may be changing it on this connection.
            await topology_at(connection, workspace_id, revision),
            layers,
            await schemas.rules(connection, workspace_id),
            await loading.secret_keys(connection, workspace_id),
        )
    )
    state.gaps = await gaps(connection, workspace_id)
    return state


async def _settled(state: WorkspaceState) -> WorkspaceState:
    """Return a state that nobody else has seen yet, ready to be used; others go on meanwhile."""
    for _ in state.settle():
        await asyncio.sleep(0)
    return state
