"""Leaves copies of large workspaces in Redis, so that processes which start cold are soon warm."""

import asyncio
import random
from uuid import UUID

import msgspec
import structlog

from central_config.configurations.cache import Snapshots
from central_config.configurations.model.cells import Layers
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.store.warm import FORM, Meta, WarmStore
from central_config.core.db import Database
from central_config.workspaces.service import revision_rows

log = structlog.get_logger(__name__)

# Smaller workspaces are read from PostgreSQL as quickly (cells).
WORTH = 5_000
# How often copies are looked at (seconds); never less than three times in their life.
LOOK_EVERY = 60.0
# A copy is replaced when it is behind by more than so many of its cells: one in this number.
_BEHIND = 1_000
# Or when so much of its life is left: one part in this number.
_ENDING = 3


class Keeper:
    """Looks at the copies of what this process holds, about once a minute."""

    def __init__(self, database: Database, snapshots: Snapshots, store: WarmStore) -> None:
        self._database = database
        self._snapshots = snapshots
        self._store = store
        self._task: asyncio.Task[None] | None = None
        self._failing = False

    def start(self) -> None:
        """Begin to look; needs a running event loop."""
        self._task = asyncio.create_task(self._run(), name="snapshot-keeper")

    async def stop(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        every = min(LOOK_EVERY, self._store.life / _ENDING)
        while True:
            # Replicas that were started together are not to look together.
            await asyncio.sleep(every * random.uniform(0.7, 1.3))  # noqa: S311 - no secret
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - tried again in a minute
                if not self._failing:
                    log.warning("snapshots in redis not kept", error=repr(error))
                self._failing = True
            else:
                self._failing = False

    async def look(self) -> None:
        """Write, replace or prolong the copies of what is held."""
        for workspace_id in list(self._snapshots.held):
            state = self._snapshots.peek(workspace_id)
            if state is not None and state.count() >= WORTH:
                await self._care_for(workspace_id, state)

    async def _care_for(self, workspace_id: UUID, state: WorkspaceState) -> None:
        meta, left = await self._store.look(workspace_id)
        if meta is not None and not self._wanting(meta, left, state):
            if meta.revision == state.revision:
                await self._store.extend(workspace_id, meta)
            return
        lock = self._store.lock(workspace_id)
        if not await lock.acquire():
            return
        try:
            await self._write(workspace_id)
        finally:
            await lock.release()

    def _wanting(self, meta: Meta, left: float, state: WorkspaceState) -> bool:
        """Tell whether a copy is to be replaced."""
        behind = state.revision - meta.revision
        if behind < 0:
            return False  # another replica is ahead of us
        if behind == 0:
            return meta.published_at != state.published_at
        behind += abs(state.count() - meta.cells)
        return behind * _BEHIND > meta.cells or left < self._store.life / _ENDING

    async def _write(self, workspace_id: UUID) -> None:
        before, _ = await self._store.look(workspace_id)
        state = self._snapshots.peek(workspace_id)
        if state is None:
            return
        # One moment: nothing waits here. A copy of a dictionary is quick, whatever its size.
        meta = Meta(FORM, state.revision, state.published_at, None, state.count(), 0, b"")
        layers: Layers = {each: dict(state.layer(each)) for each in state.topology.by_id}
        async with self._database.connect() as connection:
            at = meta.revision
            rows = await revision_rows(connection, workspace_id, after=at - 1, through=at)
        if not rows or rows[0].published_at != meta.published_at:
            return  # what we hold never was: the relay will notice
        meta = msgspec.structs.replace(meta, change_id=rows[0].change_id)
        await self._store.write(workspace_id, meta, layers, before)
