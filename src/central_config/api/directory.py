"""From a slug in an address to a workspace, without asking the database for every request."""

import asyncio
import time
from uuid import UUID

import structlog

from central_config.access.model import WorkspaceRef
from central_config.configurations.service import Step
from central_config.core.db import lost_connection
from central_config.workspaces.service import WorkspaceService

log = structlog.get_logger(__name__)

# How long a name is believed without looking again (seconds), and the age at which a new look
# begins behind the answers, so that busy names are never waited for.
BELIEVED_FOR = 2.0
LOOK_AFTER = 1.0
# How long a request waits for that look before it goes on with what was known (seconds).
LOOK_WITHIN = 1.0
# How long after a look that failed nobody tries again (seconds).
TRY_AGAIN_AFTER = 3.0

_Look = asyncio.Task[WorkspaceRef | None]


class WorkspaceDirectory:
    """Remembers which workspace a slug names.

    A name that was known a while ago is looked up again before it is used. Where the database does
    not answer, what was known is used; until it answers again, looking happens behind the answers,
    so that reads go on and stay fast.
    """

    def __init__(self, workspaces: WorkspaceService) -> None:
        self._workspaces = workspaces
        self._known: dict[str, tuple[WorkspaceRef, float]] = {}
        self._looking: dict[str, _Look] = {}
        self._away = False
        self._try_again_at = 0.0

    async def resolve(self, name: str | UUID) -> WorkspaceRef | None:
        """Return the workspace with the slug or id, or None."""
        if isinstance(name, UUID):
            found = await self._workspaces.by_id(name)
            return None if found is None else WorkspaceRef(found.id, found.slug)
        known = self._known.get(name)
        if known is None:
            return await asyncio.shield(self._look(name))
        if time.monotonic() - known[1] <= BELIEVED_FOR:
            return known[0]
        if self._away:
            if time.monotonic() >= self._try_again_at:
                self._try_again_at = time.monotonic() + TRY_AGAIN_AFTER
                self._look(name)
            return known[0]
        try:
            async with asyncio.timeout(LOOK_WITHIN):
                return await asyncio.shield(self._look(name))
        except Exception as error:
            if not lost_connection(error):
                raise
            self._note_away()
            return known[0]

    def known(self, slug: str) -> WorkspaceRef | None:
        """Return the workspace if that can be told at once; None means: ask `resolve`."""
        known = self._known.get(slug)
        if known is None:
            return None
        age = time.monotonic() - known[1]
        if self._away:
            return known[0] if time.monotonic() < self._try_again_at else None
        if age > BELIEVED_FOR:
            return None
        if age > LOOK_AFTER:
            self._look(slug)
        return known[0]

    def forget(self, slug: str) -> None:
        """Look a name up at its next use: what it names has changed."""
        self._known.pop(slug, None)
        self._looking.pop(slug, None)

    def take(self, step: Step) -> None:
        """Forget the name of a workspace that is gone; a listener of `Snapshots`."""
        if not step.gone:
            return
        gone = step.state.workspace_id
        for slug in [slug for slug, (found, _) in self._known.items() if found.id == gone]:
            self.forget(slug)

    def _look(self, slug: str) -> _Look:
        """Return the look for a name that is under way; begin one where there is none."""
        task = self._looking.get(slug)
        if task is None:
            task = asyncio.create_task(self._find(slug), name=f"look for {slug}")
            self._looking[slug] = task
            task.add_done_callback(lambda done: self._looked(slug, done))
        return task

    async def _find(self, slug: str) -> WorkspaceRef | None:
        found = await self._workspaces.find(slug)
        return None if found is None else WorkspaceRef(found.id, found.slug)

    def _looked(self, slug: str, done: _Look) -> None:
        """Keep what a look found, unless the name was forgotten while it was under way."""
        wanted = self._looking.get(slug) is done
        if wanted:
            del self._looking[slug]
        if done.cancelled():
            return
        error = done.exception()
        if error is not None:
            self._failed(slug, error)
            return
        self._away = False
        found = done.result()
        if wanted and found is None:
            self._known.pop(slug, None)
        elif wanted and found is not None:
            self._known[slug] = (found, time.monotonic())

    def _failed(self, slug: str, error: BaseException) -> None:
        if lost_connection(error):
            self._note_away()
        else:
            log.error("workspace could not be looked up", workspace=slug, exc_info=error)

    def _note_away(self) -> None:
        self._away = True
        self._try_again_at = time.monotonic() + TRY_AGAIN_AFTER
