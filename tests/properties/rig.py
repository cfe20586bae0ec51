"""Two replicas of the real services on one database, driven step by step without HTTP.

Their relays and listeners are not started: a replica catches up when the test says so, so that a
lagging one is a state that can be drawn, and repeated.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from central_config.access.model import PERMISSIONS, Caller, KeyScope, Principal, WorkspaceRef
from central_config.api.services import Services
from central_config.audit.model import Actor
from central_config.audit.service import AuditService
from central_config.configurations.cache import Snapshots
from central_config.configurations.model.cells import REMOVED, Cell, Site
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service.edits import Wish
from central_config.configurations.service.reading import Reading, When
from central_config.core.ids import new_id
from central_config.core.json import decode, encode
from central_config.core.settings import Settings
from central_config.watch.hub import Watcher
from central_config.watch.model import Heard
from central_config.watch.service import Watching
from central_config.workspaces.service import WorkspaceService
from tests.properties.naive import Wanted


def caller(place: WorkspaceRef | None, permissions: frozenset[str], name: str) -> Caller:
    principal = Principal("user", new_id(), name, {None: permissions})
    return Caller(principal, Actor("user", principal.id, name), place)


class Rig:
    """One workspace, the people and keys that use it, and two replicas.

    `replicas` outlives the rig: a start costs a slow hash of a password, on purpose.
    """

    def __init__(self, settings: Settings, replicas: list[Services]) -> None:
        self.settings = settings
        self.replicas = replicas
        self.place = WorkspaceRef(UUID(int=0), "")

    async def open(self) -> None:
        while len(self.replicas) < 2:
            self.replicas.append(self._start())
        creator = caller(None, frozenset(PERMISSIONS), "creator")
        slug = f"w{new_id().hex[-12:]}"
        made = await self.part(0, WorkspaceService).create(creator, slug, "", "")
        self.place = WorkspaceRef(made.id, slug)
        self.admin = caller(self.place, frozenset(PERMISSIONS), "admin")
        self.viewer = caller(self.place, frozenset({"config.read"}), "viewer")
        scope = KeyScope(made.id, None, "", "read", secrets=True)
        grants = {made.id: frozenset({"config.read", "secret.reveal"})}
        app = Principal("api_key", new_id(), "app", grants, scope)
        self.app = Caller(app, app.actor(), self.place)

    async def close(self) -> None:
        for services in self.replicas:
            services.snapshots.drop(self.place.id)

    async def restart(self, replica: int) -> None:
        await self.replicas[replica].stop()
        self.replicas[replica] = self._start()

    def _start(self) -> Services:
        services = Services(self.settings)
        services.writer.start()
        return services

    def part(self, replica: int, kind: type[Any]) -> Any:
        return self.replicas[replica].by_type[kind]

    async def catch_up(self, replica: int) -> None:
        await self.replicas[replica].relay.catch_up()

    async def read(self, replica: int, who: Caller, slug: str, **how: Any) -> dict[str, Any]:
        answer = await self.part(replica, Reading).environment(who, slug, when=When(**how))
        assert answer.page is not None
        found: Any = decode(answer.page.body)
        assert found["revision"] == answer.revision
        return found

    async def state(self, replica: int) -> WorkspaceState:
        return await self.replicas[replica].snapshots.get(self.place.id)

    async def cold(self) -> WorkspaceState:
        """The state as a process that starts now would load it."""
        services = self.replicas[0]
        return await Snapshots(services.database, services.vault).get(self.place.id)

    async def audit_is_whole(self) -> bool:
        report = await self.part(0, AuditService).verify(self.place.id)
        return report.broken is None and report.events > 0

    async def watch(
        self, replica: int, who: Caller, slug: str, since: int | None
    ) -> tuple[Watcher, list[Heard]]:
        return await self.part(replica, Watching).open(who, slug, "", since)

    def unwatch(self, replica: int, watcher: Watcher) -> None:
        self.part(replica, Watching).close(watcher)


class Mirror:
    """What a client that only hears events believes; it checks the promises on the way."""

    def __init__(self, revision: int, values: dict[str, Any]) -> None:
        self.revision = revision
        self.values = dict(values)

    def hear(self, heard: Heard) -> None:
        data: Any = decode(heard.data)
        assert data["revision"] == heard.revision
        if heard.kind == "snapshot":
            assert heard.revision >= self.revision
            self.values = data["values"]
        else:
            assert heard.revision > self.revision, "a revision came twice or late"
            for change in data["changes"]:
                if change.get("removed"):
                    self.values.pop(change["key"], None)
                else:
                    self.values[change["key"]] = change["value"]
        self.revision = heard.revision


def internals(state: WorkspaceState) -> dict[str, Any]:
    """Everything a state holds, in a form that can be compared."""
    environments = sorted(state.topology.by_id)
    return {
        "revision": state.revision,
        "environments": {each: state.topology.by_id[each] for each in environments},
        "cells": {
            (each, key): _plain(cell)
            for each in environments
            for key, cell in state.layer(each).items()
        },
        "served": {
            (each, key): (served.body, served.secret, served.origin, served.cell)
            for each in environments
            for key, served in state.entries(each)
        },
        "computed": {
            site: (found.body, found.secret, set(found.targets))
            for site, found in state._computed.items()
        },
        "dependents": {site: found for site, found in state._dependents.items() if found},
        "secret_keys": state.secret_keys,
        "rules": state.rules,
    }


def _plain(cell: Cell) -> Cell:
    # A tombstone holds nothing, so whether it is secret means nothing.
    if cell.status != REMOVED:
        return cell
    return Cell(cell.body, cell.status, cell.version, cell.revision, secret=False)


def versions(state: WorkspaceState) -> dict[tuple[str, str], tuple[str, int, int]]:
    """The own cells by environment's slug and key: status, version, revision."""
    found: dict[tuple[str, str], tuple[str, int, int]] = {}
    for each in state.topology.by_id.values():
        for key in state.layer(each.id):
            cell = state.own(Site(each.id, key))
            assert cell is not None
            found[each.slug, key] = (cell.status, cell.version, cell.revision)
    return found


def texts(found: dict[str, Any]) -> dict[str, bytes]:
    """Values as JSON texts: Python takes 1 and True for equal."""
    return {key: encode(value) for key, value in found.items()}


def wishes_of(chosen: Sequence[Wanted]) -> list[Wish]:
    """The model's edits as the services take them."""
    return [
        Wish(each.environment, each.key, each.action, each.value, each.status, each.secret)
        for each in chosen
    ]
