"""Keeps this process at the last revision of every workspace it holds.

NOTIFY says when to look; looking is reading `revision > ours` from PostgreSQL. It also looks about
every second without being told, and after every reconnection, so a lost hint costs a second.
"""

import asyncio
import contextlib

import structlog

from central_config.configurations.service import Snapshots
from central_config.core.db import Database, lost_connection
from central_config.core.metrics import REVISION, SNAPSHOT_AGE
from central_config.core.problems import Problem
from central_config.workspaces.service import revisions_now

log = structlog.get_logger(__name__)

# How long a lost hint can cost (seconds).
LOOK_EVERY = 1.0


class Relay:
    """Follows the revisions of all held workspaces."""

    def __init__(self, database: Database, snapshots: Snapshots) -> None:
        self._database = database
        self._snapshots = snapshots
        self._hint = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failing = False

    def start(self) -> None:
        """Begin to follow; needs a running event loop."""
        self._task = asyncio.create_task(self._run(), name="relay")

    async def stop(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def hint(self, payload: str = "") -> None:
        """Look now: something was published. What, is read from the database."""
        del payload
        self._hint.set()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hint.wait(), LOOK_EVERY)
            self._hint.clear()
            await self._look()
            SNAPSHOT_AGE.set(self._snapshots.age)

    async def _look(self) -> None:
        try:
            await self.catch_up()
        except Exception as error:
            if not lost_connection(error):
                log.exception("relay failed")
            elif not self._failing:
                log.warning("relay cannot reach the database", error=repr(error))
            self._failing = True
        else:
            self._failing = False

    async def catch_up(self) -> None:
        """Bring every held workspace to its last revision; forget deleted ones."""
        # Taken before the question: the writer of this process may go on while it is answered.
        held = {each: state.revision for each, state in self._snapshots.held.items()}
        async with self._database.connect() as connection:
            now = await revisions_now(connection, list(held)) if held else {}
            for workspace_id, revision in held.items():
                if workspace_id not in now:
                    self._snapshots.drop(workspace_id)
                    continue
                if revision > now[workspace_id]:
                    # The database was restored to an earlier moment: what we hold never was.
                    self._snapshots.drop(workspace_id)
                    continue
                try:
                    await self._snapshots.bring_up(connection, workspace_id, now[workspace_id])
                except Problem:
                    self._snapshots.drop(workspace_id)
                REVISION.labels(self._snapshots.slug(workspace_id)).set(now[workspace_id])
        self._snapshots.confirm()
