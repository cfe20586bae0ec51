"""Whole answers, rendered once and shared by every reader until the environment changes."""

import asyncio
from typing import NamedTuple
from uuid import UUID

from central_config.configurations.model.rendering import (
    environment_now,
    head,
    render_block,
    unrendered,
)
from central_config.configurations.model.state import WorkspaceState
from central_config.core.compression import Page
from central_config.workspaces.model import Environment

# What the kept pages may hold together (bytes, before compression). One page always may.
KEPT_BYTES = 64 * 1024 * 1024
# Blocks that are rendered without a pause, each about 0.1 ms.
_AT_ONCE = 8


# What a page takes besides its body and its prefix (bytes).
_BESIDES = 1024


class View(NamedTuple):
    """Part of an environment as one sort of reader gets it."""

    workspace: str
    environment: Environment
    prefix: str
    reveal: bool


class _Kept(NamedTuple):
    state: WorkspaceState
    revision: int
    modified: int
    rest_at: int
    page: Page
    size: int


class Pages:
    """Pages of environments, the least recently rendered given up first."""

    def __init__(self) -> None:
        self._kept: dict[tuple[UUID, View], _Kept] = {}
        self._size = 0
        self._forgotten = 0

    def at_once(self, state: WorkspaceState, view: View) -> Page | None:
        """Return the page if rendering what is missing takes no noticeable time."""
        found = self._kept.get((state.workspace_id, view))
        if found is not None and found.state is state:
            if found.revision == state.revision:
                return found.page
            if found.modified == state.modified[view.environment.id]:
                beginning = _beginning(state, view)
                return self._keep(
                    state, view, beginning, beginning + found.page.body[found.rest_at :]
                )
        missing = unrendered(state, view.environment, view.prefix, reveal=view.reveal)
        if len(missing) > _AT_ONCE:
            return None
        return self._render(state, view)

    async def page(self, state: WorkspaceState, view: View) -> Page:
        """Return the page; other readers are answered while a large one is rendered."""
        found = self.at_once(state, view)
        if found is not None:
            return found
        forgotten = self._forgotten
        missing = unrendered(state, view.environment, view.prefix, reveal=view.reveal)
        for position, block in enumerate(missing):
            render_block(state, view.environment, block, reveal=view.reveal)
            if position % _AT_ONCE == 0:
                await asyncio.sleep(0)
        page = self._render(state, view)
        if forgotten != self._forgotten:
            # Perhaps this very state was given up meanwhile: a page would keep it in memory.
            self.forget(state.workspace_id)
        return page

    def forget(self, workspace_id: UUID) -> None:
        """Give up the pages of a workspace."""
        self._forgotten += 1
        for place in [each for each in self._kept if each[0] == workspace_id]:
            self._size -= self._kept.pop(place).size

    def _render(self, state: WorkspaceState, view: View) -> Page:
        beginning = _beginning(state, view)
        body = environment_now(
            state, view.environment, view.prefix, reveal=view.reveal, beginning=beginning
        )
        return self._keep(state, view, beginning, body)

    def _keep(self, state: WorkspaceState, view: View, beginning: bytes, body: bytes) -> Page:
        place = state.workspace_id, view
        before = self._kept.pop(place, None)
        if before is not None:
            self._size -= before.size
        page = Page(body)
        modified = state.modified[view.environment.id]
        size = len(body) + len(view.prefix) + _BESIDES
        self._kept[place] = _Kept(state, state.revision, modified, len(beginning), page, size)
        self._size += size
        while self._size > KEPT_BYTES and len(self._kept) > 1:
            self._size -= self._kept.pop(next(iter(self._kept))).size
        return page


def _beginning(state: WorkspaceState, view: View) -> bytes:
    return head(view.workspace, view.environment.slug, state.revision)
