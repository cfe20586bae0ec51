"""What was, who did it, and why a value is what it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from central_config.access.model import Caller
from central_config.audit.model import Event
from central_config.audit.service import record
from central_config.configurations.cache import Snapshots
from central_config.configurations.model.cells import REMOVED, Cell, Served, Site
from central_config.configurations.model.keys import check_key
from central_config.configurations.model.past import Position, Wanted
from central_config.configurations.model.references import find_references
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service.reading import Reading, narrow
from central_config.configurations.store import history as store
from central_config.configurations.store import past
from central_config.configurations.store.history import Hit, Origin, Version
from central_config.core.clock import Clock
from central_config.core.db import Database, transaction
from central_config.core.json import decode
from central_config.core.problems import Problem
from central_config.secrets.service import Vault
from central_config.workspaces.model import Environment, RevisionRow
from central_config.workspaces.service import revision_page, revision_rows

# Versions told of one revision; a larger one is told by exports and diffs.
VERSIONS_AT_MOST = 1000


class Layer(NamedTuple):
    """What one environment of the line says of a key; `supplies` marks the one that counts.

    `hidden`: the caller's scope does not hold the environment. What it supplies is served, so
    that it supplies may be told, but neither what is written there nor by whom.
    """

    environment: str
    cell: Cell
    supplies: bool
    origin: Origin | None
    hidden: bool = False


class Followed(NamedTuple):
    """A reference of the value, where it led, and what was found there."""

    written: str
    environment: str
    key: str
    served: Served


class Explanation(NamedTuple):
    """Why an environment serves what it serves for a key.

    `layers` go from the environment itself upwards; those after the supplying one are overridden.
    Of environments outside the caller's scope only the supplying one is named. `references` are
    those of a value the caller may see as written, where they lead to what the caller may see.
    """

    environment: Environment
    key: str
    served: Served | None
    layers: list[Layer]
    references: list[Followed]
    state: WorkspaceState
    description: str


class History:
    """The past of keys and workspaces."""

    def __init__(
        self,
        database: Database,
        snapshots: Snapshots,
        vault: Vault,
        reading: Reading,
        clock: Clock,
    ) -> None:
        self._database = database
        self._snapshots = snapshots
        self._vault = vault
        self._reading = reading
        self._clock = clock

    async def versions(
        self,
        caller: Caller,
        slug: str,
        key: str,
        *,
        inherited: bool,
        before: tuple[int, UUID] | None,
        limit: int,
    ) -> tuple[list[Version], WorkspaceState]:
        """Return the versions of a key, newest first, of the environment or its whole line.

        Of the line, only environments that the caller's scope holds.
        """
        check_key(key)
        state = await self._snapshots.knowing(caller.place.id, [slug])
        environment = self._reading.find(caller, state, slug)
        caller.require_reach(slug, key)
        line = _seen(caller, state, environment, key) if inherited else [environment.id]
        cipher = await self._vault.cipher(caller.place.id)
        async with self._database.connect() as connection:
            found = await store.versions(connection, line, key, cipher, before=before, limit=limit)
        if not found and before is None:
            raise Problem("key-not-found", f"{slug} never held a key {key}")
        return found, state

    async def revisions(self, caller: Caller, before: int | None, limit: int) -> list[RevisionRow]:
        """Return the timeline of the workspace, newest first."""
        async with self._database.connect() as connection:
            return await revision_page(connection, caller.place.id, before, limit)

    async def revision(
        self, caller: Caller, revision: int
    ) -> tuple[RevisionRow, list[Version], WorkspaceState]:
        """Return one revision and what it set, as far as history still holds it."""
        state = await self._snapshots.get(caller.place.id)
        cipher = await self._vault.cipher(caller.place.id)
        async with self._database.connect() as connection:
            rows = await revision_rows(
                connection, caller.place.id, after=revision - 1, through=revision
            )
            if not rows:
                raise Problem("not-found", f"there is no revision {revision}")
            found = await store.versions_of_revision(
                connection, caller.place.id, revision, cipher, VERSIONS_AT_MOST
            )
        return rows[0], self._within(caller, found, state), state

    def _within(
        self, caller: Caller, versions: Sequence[Version], state: WorkspaceState
    ) -> list[Version]:
        """Leave out what lies outside the caller's scope.

        An environment that was deleted has no name any more: a scope that names environments
        cannot hold it.
        """
        scope = caller.principal.scope
        if scope is None:
            return list(versions)
        known = state.topology.by_id
        return [
            version
            for version in versions
            if version.key.startswith(scope.key_prefix)
            and (
                scope.environments is None
                or (
                    version.environment_id in known
                    and known[version.environment_id].slug in scope.environments
                )
            )
        ]

    async def changes(
        self, caller: Caller, wanted: Wanted, after: Position | None, limit: int
    ) -> tuple[list[Version], WorkspaceState]:
        """Return who changed which value when, in the order that is asked for.

        Raises:
            Problem: `environment-not-found` for one the caller may not see.
        """
        state = await self._snapshots.knowing(caller.place.id, wanted.environments)
        places, within = self._reach(caller, state, wanted)
        if within is None:
            return [], state
        cipher = await self._vault.cipher(caller.place.id)
        async with self._database.connect() as connection:
            found = await past.changes(
                connection, caller.place.id, places, within, cipher, after=after, limit=limit
            )
        return found, state

    async def count_changes(self, caller: Caller, wanted: Wanted, most: int) -> int | None:
        """Return how many of them there are, counting to `most`; None: it would take too long."""
        state = await self._snapshots.knowing(caller.place.id, wanted.environments)
        places, within = self._reach(caller, state, wanted)
        if within is None:
            return 0
        async with self._database.connect() as connection:
            return await past.count_changes(connection, caller.place.id, places, within, most)

    def _reach(
        self, caller: Caller, state: WorkspaceState, wanted: Wanted
    ) -> tuple[list[UUID], Wanted | None]:
        """Return which environments are meant, and what of them the caller may see; None: nothing.

        Environments that were deleted have no name any more, so nobody can ask for them.
        """
        places = [self._reading.find(caller, state, slug).id for slug in wanted.environments]
        if not places:
            places = [
                each.id
                for each in state.topology.by_id.values()
                if caller.principal.knows(each.slug)
            ]
        prefix = narrow(caller, wanted.prefix)
        if prefix is None:
            return places, None
        return places, msgspec.structs.replace(wanted, prefix=prefix)

    async def published(
        self,
        caller: Caller,
        revisions: Sequence[int],
        *,
        author: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> set[int]:
        """Return those of the revisions that `author` published, `since` <= then < `until`."""
        async with self._database.connect() as connection:
            return await past.published(
                connection, caller.place.id, revisions, author=author, since=since, until=until
            )

    async def authors(self, caller: Caller, after: int, through: int) -> list[str]:
        """Return the names of those who published a revision in (after, through].

        An API key whose scope is narrower than its workspace is told of those who changed
        something in its scope; what it inherits was changed elsewhere.
        """
        place, scope = caller.place.id, caller.principal.scope
        if scope is None or (scope.environments is None and not scope.key_prefix):
            async with self._database.connect() as connection:
                return await past.authors(connection, place, after, through)
        wanted = Wanted()
        places, within = self._reach(caller, await self._snapshots.get(place), wanted)
        async with self._database.connect() as connection:
            return await past.authors_of(
                connection, place, places, (within or wanted).prefix, after=after, through=through
            )

    async def explain(self, caller: Caller, slug: str, key: str) -> Explanation:
        """Say which environment supplied a value, what it overrode, and where references led.

        Raises:
            Problem: `key-not-found` when no environment of the line ever held the key.
        """
        check_key(key)
        state = await self._snapshots.knowing(caller.place.id, [slug])
        environment = self._reading.find(caller, state, slug)
        caller.require_reach(slug, key)
        cells = [
            (each, cell)
            for each in state.topology.line(environment.id)
            if (cell := state.own(Site(each, key))) is not None
        ]
        served = state.served(Site(environment.id, key))
        deciding = next((each for each, cell in cells if cell.status != REMOVED), None)
        seen = _seen(caller, state, environment, key)
        told = [
            (each, cell)
            for each, cell in cells
            if each in seen or (each == deciding and served is not None)
        ]
        if not told:
            raise Problem("key-not-found", f"{slug} and its parents hold no key {key}")
        async with self._database.connect() as connection:
            revisions = [cell.revision for each, cell in told if each in seen]
            origins = await store.origins(connection, caller.place.id, revisions)
            said = await store.descriptions(connection, caller.place.id, [key])
        layers = [
            Layer(
                state.topology.slug(each),
                cell,
                each == deciding,
                origins.get(cell.revision) if each in seen else None,
                hidden=each not in seen,
            )
            for each, cell in told
        ]
        references: list[Followed] = []
        if served is not None and served.origin in seen:
            references = _follow(caller, state, environment, served)
        return Explanation(environment, key, served, layers, references, state, said.get(key, ""))

    async def reveal(self, caller: Caller, slug: str, key: str, reason: str) -> Served:
        """Return a secret in clear, and record that it was shown.

        Raises:
            Problem: `permission-denied`, `key-not-found`.
        """
        state = await self._snapshots.knowing(caller.place.id, [slug])
        environment = self._reading.find(caller, state, slug)
        served = state.served(Site(environment.id, key))
        if served is None or not caller.principal.reaches(slug, key):
            raise Problem("key-not-found", f"{slug} serves no key {key}")
        if served.secret and not caller.reveals(slug, key):
            raise Problem("permission-denied", "this needs the permission secret.reveal")
        event = Event(
            "secret.revealed",
            f"{slug}:{key}",
            caller.actor,
            caller.place.id,
            {"version": served.cell.version, "reason": reason},
        )
        async with transaction(self._database) as connection:
            await record(connection, [event], self._clock)
        return served

    async def search(
        self,
        caller: Caller,
        words: str,
        environment: str | None,
        after: tuple[str, UUID],
        limit: int,
    ) -> tuple[list[Hit], WorkspaceState]:
        """Return configurations whose key, description or value, if no secret, holds the words.

        Only those within the caller's scope: even how many others there are would tell of them.
        """
        prefix = narrow(caller, "") or ""
        state = await self._snapshots.get(caller.place.id)
        chosen = [
            each.id
            for each in state.topology.by_id.values()
            if environment in {None, each.slug} and caller.principal.knows(each.slug)
        ]
        if environment is not None:
            self._reading.find(caller, state, environment)
        async with self._database.connect() as connection:
            hits = await store.search(
                connection,
                caller.place.id,
                chosen,
                words,
                prefix=prefix,
                after=after,
                limit=limit,
            )
        return hits, state

    async def origins(self, caller: Caller, revisions: Sequence[int]) -> dict[int, Origin]:
        """Return who published each of these revisions."""
        async with self._database.connect() as connection:
            return await store.origins(connection, caller.place.id, revisions)

    async def descriptions(self, caller: Caller, keys: Sequence[str]) -> dict[str, str]:
        """Return what is said of these keys, where something is said."""
        async with self._database.connect() as connection:
            return await store.descriptions(connection, caller.place.id, keys)

    async def said(self, caller: Caller, key: str) -> tuple[str, bool]:
        """Return the description of a key and whether it is a secret."""
        check_key(key)
        scope = caller.principal.scope
        if scope is not None and not key.startswith(scope.key_prefix):
            raise Problem("key-not-found", f"the scope of this API key does not hold {key}")
        state = await self._snapshots.get(caller.place.id)
        return (await self.descriptions(caller, [key])).get(key, ""), key in state.secret_keys


def _seen(caller: Caller, state: WorkspaceState, environment: Environment, key: str) -> list[UUID]:
    """Return the environments of the line in which the caller may see the key."""
    return [
        each
        for each in state.topology.line(environment.id)
        if caller.principal.reaches(state.topology.slug(each), key)
    ]


def _follow(
    caller: Caller, state: WorkspaceState, environment: Environment, served: Served
) -> list[Followed]:
    found: list[Followed] = []
    if not served.cell.marked:
        return found
    for reference in find_references(decode(served.cell.body)):
        slug = reference.environment or environment.slug
        place = state.topology.by_slug.get(slug)
        if place is None or not caller.principal.reaches(slug, reference.key):
            continue
        target = state.served(Site(place.id, reference.key))
        if target is not None:
            found.append(Followed(str(reference), slug, reference.key, target))
    return found
