"""How a read works: a workspace in memory, an environment of it, bytes that were joined before.

Only `at` and `consistent` go to PostgreSQL; everything else is answered from `Snapshots`.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from central_config.access.model import Caller
from central_config.configurations.cache import Snapshots, Step
from central_config.configurations.model.cells import Served, Site
from central_config.configurations.model.counts import ReadCounts
from central_config.configurations.model.differences import (
    Difference,
    Side,
)
from central_config.configurations.model.keys import check_key
from central_config.configurations.model.rendering import (
    environment_body,
    head,
    key_body,
)
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.model.views import touched
from central_config.configurations.service.comparing import gathered
from central_config.configurations.service.pages import Pages, View
from central_config.configurations.service.steady import steadily
from central_config.configurations.store import changes as change_store
from central_config.core.compression import Page
from central_config.core.db import Database, lost_connection
from central_config.core.problems import Problem
from central_config.workspaces.model import Environment
from central_config.workspaces.service import revision_of, workspace_by_id

At = int | datetime | None


class When(NamedTuple):
    """Which moment a reader asks for: now, surely now (`consistent`), or the past (`at`).

    `max_age`: how many seconds what is held here may lag; None: as it comes.
    """

    at: At = None
    consistent: bool = False
    max_age: float | None = None


NOW = When()


class Answer(NamedTuple):
    """An answer to a read. `page` None: the reader's revision is still what would be answered.

    `age`: seconds since this replica last confirmed that it is current.
    """

    page: Page | None
    revision: int
    age: float


class Listed(NamedTuple):
    """A configuration in a list: `served` None for one that only drafts hold."""

    key: str
    served: Served | None
    status: str
    origin: str


class Reading:
    """Reads of values, alone and together, now and then.

    `counts`: where it is kept what was read; None: nobody wants to know.
    """

    def __init__(
        self, database: Database, snapshots: Snapshots, counts: ReadCounts | None = None
    ) -> None:
        self._database = database
        self._snapshots = snapshots
        self.counts = counts
        self.pages = Pages()

    def take(self, step: Step) -> None:
        """Forget the pages of a state that is not held any more; listens to `Snapshots`."""
        if step.changes is None:
            self.pages.forget(step.state.workspace_id)

    async def state(self, workspace_id: UUID, slug: str, when: When = NOW) -> WorkspaceState:
        """Return the workspace as it is or was; `slug` is the environment that is asked for.

        Raises:
            Problem: `revision-compacted`, `workspace-not-found`; `snapshot-stale` when the feed
                of revisions is older than `max_age` and the database cannot be asked.
        """
        if when.at is None:
            if when.consistent:
                return await self._snapshots.fresh(workspace_id)
            if when.max_age is not None and self._snapshots.age > when.max_age:
                return await self._surely(workspace_id, when.max_age)
            return await self._snapshots.knowing(workspace_id, [slug])
        async with self._database.connect() as connection:
            workspace = await workspace_by_id(connection, workspace_id)
            if workspace is None:
                raise Problem("workspace-not-found", "the workspace was deleted")
            revision = await revision_of(connection, workspace, when.at)
        return await self._snapshots.at(workspace_id, revision)

    async def _surely(self, workspace_id: UUID, max_age: float) -> WorkspaceState:
        try:
            return await self._snapshots.fresh(workspace_id)
        except Exception as error:
            if not lost_connection(error):
                raise
            age = self._snapshots.age
            detail = f"this replica last knew {age:.0f} s ago; {max_age:g} s were asked for"
            raise Problem("snapshot-stale", detail, retry_after=1) from None

    async def environment(
        self,
        caller: Caller,
        slug: str,
        *,
        prefix: str = "",
        keys: Sequence[str] = (),
        when: When = NOW,
        seen: int | None = None,
    ) -> Answer:
        """Return what an environment serves: all of it, a prefix, or the named keys.

        `seen` is the revision the reader has; an answer that is the same since then says so.
        """
        state = await self.state(caller.place.id, slug, when)
        environment = self.find(caller, state, slug)
        age = self._snapshots.age
        self._count_environment(caller, state, environment, prefix, keys)
        if _same_since(seen, state, environment, when.at):
            return Answer(None, state.revision, age)
        view = self.view(caller, environment, prefix)
        if keys or view is None or when.at is not None:
            body = self._apart(caller, state, environment, view, keys)
            return Answer(Page(body), state.revision, age)
        return Answer(await self.pages.page(state, view), state.revision, age)

    def _count_environment(
        self,
        caller: Caller,
        state: WorkspaceState,
        environment: Environment,
        prefix: str,
        keys: Sequence[str],
    ) -> None:
        """Count a read of named keys, as far as they are served, or of a prefix."""
        if self.counts is None:
            return
        if keys:
            wanted = [key for key in keys if caller.principal.reaches(environment.slug, key)]
            found = state.some(environment.id, dict.fromkeys(wanted))
            self.counts.keys(environment.id, (key for key, _ in found))
        else:
            self.count_part(caller, environment, prefix)

    def count_part(self, caller: Caller, environment: Environment, prefix: str) -> None:
        """Count a read of what a caller gets of a prefix, made in whatever way."""
        narrowed = narrow(caller, prefix)
        if self.counts is not None and narrowed is not None:
            self.counts.part(environment.id, narrowed)

    def view(self, caller: Caller, environment: Environment, prefix: str) -> View | None:
        """Return the part of an environment a caller gets of a prefix; None if nothing of it."""
        narrowed = narrow(caller, prefix)
        if narrowed is None:
            return None
        return View(caller.place.slug, environment, narrowed, _reveals_all(caller, environment))

    def _apart(
        self,
        caller: Caller,
        state: WorkspaceState,
        environment: Environment,
        view: View | None,
        keys: Sequence[str],
    ) -> bytes:
        """Return an answer that nobody is likely to ask for again: named keys, or the past."""
        if keys:
            slug = environment.slug
            wanted = [key for key in dict.fromkeys(keys) if caller.principal.reaches(slug, key)]
            found = state.some(environment.id, wanted)
        else:
            found = iter(()) if view is None else state.entries(environment.id, view.prefix)
        reveal = _reveals_all(caller, environment)
        body = environment_body(found, reveal=reveal)
        return head(caller.place.slug, environment.slug, state.revision) + body

    async def key(
        self,
        caller: Caller,
        slug: str,
        key: str,
        *,
        when: When = NOW,
        seen: int | None = None,
    ) -> Answer:
        """Return one key as an environment serves it.

        Raises:
            Problem: `key-not-found`.
        """
        check_key(key)
        state = await self.state(caller.place.id, slug, when)
        environment = self.find(caller, state, slug)
        page = self.key_page(caller, state, environment, key)
        if page is None:
            raise Problem("key-not-found", f"{slug} serves no key {key}")
        if self.counts is not None:
            self.counts.key(environment.id, key)
        if _same_since(seen, state, environment, when.at):
            page = None
        return Answer(page, state.revision, self._snapshots.age)

    def key_page(
        self, caller: Caller, state: WorkspaceState, environment: Environment, key: str
    ) -> Page | None:
        """Return the answer for one key; None where the caller is served no such key."""
        slug = environment.slug
        site = Site(environment.id, key)
        served = state.served(site)
        if served is None or not caller.principal.reaches(slug, key):
            return None
        reveal = caller.delivers(slug, key)
        origin = state.topology.slug(served.origin)
        return Page(key_body(key, slug, served, origin, touched(state, site), reveal=reveal))

    def find(self, caller: Caller, state: WorkspaceState, slug: str) -> Environment:
        """Return an environment the caller may know of.

        Raises:
            Problem: `environment-not-found`.
        """
        if not caller.principal.knows(slug):
            raise Problem("environment-not-found", f"there is no environment {slug!r} here")
        return state.topology.find(slug)

    async def listing(  # noqa: PLR0913 - the parts of one question
        self,
        caller: Caller,
        slug: str,
        *,
        prefix: str,
        status: str | None,
        own: bool,
        after: str,
        limit: int,
    ) -> tuple[list[Listed], WorkspaceState]:
        """Return configurations by key after `after`; drafts too where `status` is draft.

        `own` leaves out what is inherited.
        """
        state = await self._snapshots.knowing(caller.place.id, [slug])
        environment = self.find(caller, state, slug)
        narrowed = narrow(caller, prefix)
        if narrowed is None:
            return [], state
        if status == "draft":
            return await self._drafts(environment, narrowed, after, limit), state
        found: list[Listed] = []
        for key in state.index(environment.id).keys(narrowed, after):
            listed = _listed(state, environment, key, own=own)
            if listed is not None and status in {None, listed.status}:
                found.append(listed)
                if len(found) == limit:
                    break
        return found, state

    async def _drafts(
        self, environment: Environment, prefix: str, after: str, limit: int
    ) -> list[Listed]:
        async with self._database.connect() as connection:
            keys = await change_store.draft_keys(connection, environment.id, prefix, after, limit)
        return [Listed(key, None, "draft", environment.slug) for key in keys]

    async def compare(
        self,
        caller: Caller,
        left: tuple[str, At],
        right: tuple[str, At],
        prefix: str = "",
    ) -> tuple[list[Difference], Side, Side]:
        """Return what differs between two environments, each now or at a moment.

        To callers who may not reveal secrets a secret differs when it was written at another
        place or time, whatever it holds: else they could guess it, and see when they are right.
        """
        sides: list[Side] = []
        for slug, at in (left, right):
            state = await self.state(caller.place.id, slug, When(at))
            sides.append(Side(state, self.find(caller, state, slug)))
        narrowed = narrow(caller, prefix)
        if narrowed is None:
            return [], sides[0], sides[1]
        # Within the scope that `narrow` keeps to, one answer holds for every key.
        clear = all(caller.reveals(side.environment.slug, narrowed) for side in sides)
        gather = partial(gathered, sides[0], sides[1], narrowed, clear=clear)
        found, _ = await steadily(gather, *(side.state for side in sides))
        return found, sides[0], sides[1]


def _same_since(seen: int | None, state: WorkspaceState, environment: Environment, at: At) -> bool:
    """Tell whether a reader who has revision `seen` has what would be answered."""
    if seen is None:
        return False
    # A past snapshot is `modified` at its own revision, so only that very tag matches.
    since = state.modified[environment.id] if at is None else state.revision
    return since <= seen <= state.revision


def _reveals_all(caller: Caller, environment: Environment) -> bool:
    """Tell whether a caller gets secrets in clear, wherever in the environment it may read.

    Within the scope that `narrow` and `reaches` keep to, one answer holds for every key.
    """
    scope = caller.principal.scope
    return caller.delivers(environment.slug, "" if scope is None else scope.key_prefix)


def _listed(
    state: WorkspaceState, environment: Environment, key: str, *, own: bool
) -> Listed | None:
    site = Site(environment.id, key)
    cell = state.own(site)
    served = state.served(site)
    if served is None:
        if cell is not None and cell.status == "archived":
            return Listed(key, None, "archived", environment.slug)
        return None
    if own and served.origin != environment.id:
        return None
    return Listed(key, served, served.cell.status, state.topology.slug(served.origin))


def narrow(caller: Caller, prefix: str) -> str | None:
    """Return the prefix both asked for and within the caller's scope; None if nothing is."""
    scope = caller.principal.scope
    if scope is None or prefix.startswith(scope.key_prefix):
        return prefix
    return scope.key_prefix if scope.key_prefix.startswith(prefix) else None
