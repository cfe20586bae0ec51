"""Keeps this process at the last revision of every workspace it holds.

NOTIFY says when to look; looking is reading `revision > ours` from PostgreSQL. It also looks about
every second without being told, and after every reconnection, so a lost hint costs a second.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from uuid import UUID

import structlog

from central_config.configurations.service import Snapshots
from central_config.core.db import Database, lost_connection, snapshot_transaction
from central_config.core.metrics import REVISION
from central_config.core.problems import Problem
from central_config.workspaces.model import Timeline
from central_config.workspaces.service import revisions_now, timeline

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
        # The revision at which a workspace could not be brought up, so that it is said once.
        self._stuck: dict[UUID, int] = {}
        self._timeline: Timeline | None = None

    def start(self) -> None:
        """Begin to follow; needs a running event loop."""
        self._task = asyncio.create_task(self._run(), name="relay")

    async def stop(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def hint(self, payload: str = "") -> None:
        """Look now: something was published. What, is read from the database.

        A hint that says only what this process knows already, like most of those that its own
        writer sends, costs no look.
        """
        if not self._knows(payload):
            self._hint.set()

    def _knows(self, payload: str) -> bool:
        """Tell whether all that a hint names is held at that revision, or not held at all."""
        for each in payload.split(","):
            workspace, _, revision = each.partition(":")
            if not revision.isdigit():
                return False
            try:
                known = self._snapshots.will_hold(UUID(workspace), int(revision))
            except ValueError:
                return False
            if not known:
                return False
        return True

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._hint.wait()
            self._hint.clear()
            await self._look()

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
        """Bring every held workspace to its last revision; forget deleted ones.

        One that cannot be brought up stays as it is and does not stop the others, but then
        nothing is confirmed: the age that readers are told grows until it works again.
        """
        # Taken before the question: the writer of this process may go on while it is answered.
        held = {each: state.revision for each, state in self._snapshots.held.items()}
        async with self._database.connect() as connection:
            found = await timeline(connection)
            now = await revisions_now(connection, list(held)) if held else {}
        if self._timeline not in {None, found}:
            await self._begin_anew(held, now)
        self._timeline = found
        self._stuck = {each: at for each, at in self._stuck.items() if each in now}
        complete = True
        for workspace_id, revision in held.items():
            if workspace_id not in now or revision > now[workspace_id]:
                # Deleted; or the database was restored to an earlier moment: what we hold never
                # was.
                self._snapshots.drop(workspace_id)
            elif not await self._bring_up(workspace_id, now[workspace_id]):
                complete = False
        if complete:
            self._snapshots.confirm()

    async def _begin_anew(self, held: Mapping[UUID, int], now: Mapping[UUID, int]) -> None:
        """Let go of what is known of a database that was put back or exchanged.

        A restore moves every workspace past all that anybody has seen; then its watchers are told
        everything. Where that was not done revisions mean something else now: all begin anew.
        """
        log.warning("the database was restored, everything is loaded anew")
        self._snapshots.distrust()
        for workspace_id, revision in held.items():
            try:
                if now.get(workspace_id, 0) > revision:
                    await self._snapshots.renew(workspace_id)
                    continue
            except Exception as error:
                if lost_connection(error):
                    raise
                log.exception("workspace not loaded anew", workspace=str(workspace_id))
            self._snapshots.drop(workspace_id)

    async def _bring_up(self, workspace_id: UUID, revision: int) -> bool:
        """Bring one workspace up, in a transaction that is its own; tell whether it is."""
        state = self._snapshots.peek(workspace_id)
        try:
            if state is not None and state.revision < revision:
                async with snapshot_transaction(self._database) as connection:
                    await self._snapshots.bring_up(connection, workspace_id, revision)
        except Exception as error:
            if lost_connection(error):
                raise
            if isinstance(error, Problem) and error.code == "workspace-not-found":
                self._snapshots.drop(workspace_id)
                return True
            if self._stuck.get(workspace_id) != revision:
                self._stuck[workspace_id] = revision
                log.exception(
                    "workspace cannot be brought up", workspace=str(workspace_id), revision=revision
                )
            return False
        self._stuck.pop(workspace_id, None)
        if state is not None:
            REVISION.labels(self._snapshots.slug(workspace_id)).set(revision)
        return True
