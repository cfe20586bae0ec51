"""Restoring: beside the live database first, compared with it, then put in its place.

The live database is renamed, never dropped and never written to. Until the exchange nothing has
happened to it but that, for a moment, nobody could connect.
"""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import structlog
from msgspec.structs import replace

from central_config.backups.model.drills import Check
from central_config.backups.model.errors import BackupFailedError, BackupRefusedError
from central_config.backups.model.manifest import Manifest
from central_config.backups.model.restores import Plan, Restored
from central_config.backups.service.comparing import fates, rows
from central_config.backups.service.loading import address_of, differences, load
from central_config.backups.service.opening import secrets_open
from central_config.backups.service.portable import Portable, database_name, direct_url
from central_config.backups.service.resync import Resynced, bump_after_restore
from central_config.backups.service.switching import Names, switch
from central_config.backups.store.afterwards import Later
from central_config.backups.store.contents import contents_of
from central_config.backups.store.databases import Databases, Properties, databases_of
from central_config.core.clock import Clock
from central_config.core.db import open_database
from central_config.core.migrations import migrate
from central_config.core.settings import Settings

log = structlog.get_logger(__name__)

# PostgreSQL's names have 63 bytes; this leaves room for what is added.
_LONGEST = 36


class Order(NamedTuple):
    """That the restore is to be done, not only rehearsed.

    `past`: a revision no workspace had passed, for where the live database cannot be asked.
    `as_it_was`: what was revoked since is valid again.
    """

    reason: str
    past: int = 0
    as_it_was: bool = False


class Restoring:
    """Restores into the database of the settings.

    Args:
        settings: whose database it is.
        clock: the time.
        maintenance: address of a database that is not exchanged, of a role that may create
            databases; a superuser's can end everybody's sessions. None: the service's own role,
            in the database `postgres`.
    """

    def __init__(self, settings: Settings, clock: Clock, maintenance: str | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._url = direct_url(settings)
        self._maintenance = maintenance or address_of(self._url, "postgres")
        self.name = database_name(settings)

    async def restore(
        self, portable: Portable, label: str, order: Order | None = None
    ) -> Plan | Restored:
        """Restore a backup beside the live database and compare them; with an order, switch.

        Raises:
            BackupBrokenError: the backup is not what was written.
            BackupFailedError: it cannot be restored or exchanged; the live database is as it was.
            BackupRefusedError: we may not create databases, or have no fitting `pg_restore`.
        """
        manifest = portable.verify(label)
        scratch = self._named("restored")
        async with self._server() as server:
            like = await server.properties(self.name)
            # A superuser's would be closed to the service's role.
            owner = unquote(urlsplit(self._url).username or "") or None
            await server.create(scratch, like, owner)
            try:
                missing = await self._load(server, portable, manifest, scratch)
                plan = await self._compare(label, scratch, "before")
                plan = replace(plan, as_of=manifest.started_at, missing_roles=tuple(missing))
                if order is None:
                    return plan
                left = [] if like is None else await server.apply(scratch, like, self.name)
                resynced, blocked = await self._exchange(server, plan, order, like)
            finally:
                await server.drop(scratch)
        return _restored(plan, resynced, blocked, left)

    async def undo(self, order: Order | None = None) -> Plan | Restored:
        """Put back the database that the last restore has replaced; compare only without an order.

        Raises:
            BackupRefusedError: there is none.
            BackupFailedError: it cannot be exchanged; the live database is as it was.
        """
        async with self._server() as server:
            kept = await server.names(self._begun("before"))
            if not kept:
                raise BackupRefusedError(f"no restore has replaced {self.name}, or it was dropped")
            before = kept[-1]
            await server.open(before)
            try:
                plan = await self._compare(before, before, "undone")
                if order is None:
                    return plan
                like = await server.properties(self.name)
                resynced, blocked = await self._exchange(server, plan, order, like)
            finally:
                if before in await server.names(before):
                    await server.close(before)
        return _restored(plan, resynced, blocked, [])

    async def resync(self, order: Order) -> Resynced:
        """Make a database fit to be used that was put back by other means than ours.

        A provider's point-in-time recovery is one: revisions run backwards there too.
        """
        live = await contents_of(self._url, self._settings)
        if live is None:
            raise BackupRefusedError(f"{self.name} does not answer")
        floors = {str(each): order.past for each in live.workspaces} if order.past else {}
        return await bump_after_restore(
            self._url, self._settings, floors, reason=order.reason, clock=self._clock
        )

    async def _load(
        self, server: Databases, portable: Portable, manifest: Manifest, scratch: str
    ) -> list[str]:
        """Restore into the scratch database; return roles whose grants are left out."""
        grantees = [] if manifest.facts is None else manifest.facts.grantees
        missing = sorted(set(grantees) - await server.roles(grantees))
        url = address_of(self._url, scratch)
        facts = await load(portable, manifest, url, grants=not missing)
        wrong = differences(manifest, facts)
        if wrong:
            raise BackupFailedError(f"it was restored otherwise: {'; '.join(wrong[:5])}")
        # An older backup gets the schema of this version; only then revisions can be marked lost.
        await migrate(self._settings.on_database(url))
        return missing

    async def _compare(self, source: str, scratch: str, aside: str) -> Plan:
        live = await contents_of(self._url, self._settings)
        restored = await contents_of(address_of(self._url, scratch), self._settings)
        if restored is None:
            raise BackupFailedError(f"{scratch} does not answer")
        secrets = await self._secrets(scratch)
        return Plan(
            secrets=secrets.words,
            secrets_open=secrets.ok,
            source=source,
            database=self.name,
            scratch=scratch,
            aside=self._named(aside),
            live=live is not None,
            workspaces=fates(live, restored),
            rows=rows(live, restored),
        )

    async def _secrets(self, scratch: str) -> Check:
        """See whether the master key is that of the backup; without it the rest is worth much."""
        database = open_database(
            address_of(self._url, scratch), self._settings, application="central-config-restore"
        )
        try:
            return await secrets_open(database, self._settings, self._clock)
        finally:
            await database.dispose()

    async def _exchange(
        self, server: Databases, plan: Plan, order: Order, like: Properties | None
    ) -> tuple[Resynced, float]:
        url = address_of(self._url, plan.scratch)

        async def finish(later: Later | None) -> Resynced:
            floors = {} if later is None else {str(k): v for k, v in later.revisions.items()}
            restored = await contents_of(url, self._settings)
            if order.past and restored is not None:
                for each in restored.workspaces:
                    floors[str(each)] = max(floors.get(str(each), 0), order.past)
            kept = None if order.as_it_was else later
            reason = f"{plan.source}: {order.reason}"
            return await bump_after_restore(
                url, self._settings, floors, reason=reason, later=kept, clock=self._clock
            )

        if like is None:
            resynced = await finish(None)
            await server.rename(plan.scratch, self.name)
            return resynced, 0.0
        names = Names(self.name, plan.scratch, plan.aside)
        return await switch(server, names, self._url, self._settings, finish)

    @asynccontextmanager
    async def _server(self) -> AsyncGenerator[Databases]:
        async with databases_of(self._maintenance) as server:
            if not await server.may_create():
                raise BackupRefusedError(
                    "the role may not create databases: ALTER ROLE ... CREATEDB, by a superuser"
                )
            if not await server.alone(self.name):
                raise BackupRefusedError(f"another restore of {self.name} is under way")
            await self._tidy(server)
            yield server

    async def _tidy(self, server: Databases) -> None:
        """Put in order what a restore has left that was killed: nobody else restores now."""
        made = re.compile(rf"{re.escape(self.name)}_restored_\d{{8}}_\d{{6}}")
        for each in filter(made.fullmatch, await server.names(self._begun("restored"))):
            log.warning("a restore was cut off; what it made is dropped", database=each)
            await server.drop(each)
        if await server.is_closed(self.name):
            # Else what it knows - what was revoked, what was seen - could not be asked.
            log.warning("a restore was cut off; the database is opened", database=self.name)
            await server.open(self.name)

    def _begun(self, what: str) -> str:
        return f"{self.name[:_LONGEST]}_{what}_"

    def _named(self, what: str) -> str:
        return f"{self._begun(what)}{self._clock.now():%Y%m%d_%H%M%S}"


def _restored(
    plan: Plan, resynced: Resynced, blocked: float, left_to_do: Sequence[str]
) -> Restored:
    return Restored(
        plan=plan,
        blocked_seconds=round(blocked, 3),
        revisions={str(each): revision for each, revision in resynced.revisions.items()},
        keys_kept_revoked=tuple(resynced.keys_kept_revoked),
        users_kept_inactive=tuple(resynced.users_kept_inactive),
        left_to_do=tuple(left_to_do),
    )
