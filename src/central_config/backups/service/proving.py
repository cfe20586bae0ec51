"""The restore drill of a portable backup: restored, compared with its manifest, deleted again.

Only this makes a backup count as verified: one that reads well may still not be restorable.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from central_config.audit.service import AuditService
from central_config.backups.model.drills import Check, Drill
from central_config.backups.model.errors import BackupFailedError, BackupRefusedError
from central_config.backups.model.manifest import Facts, Manifest
from central_config.backups.service.loading import address_of, differences, load
from central_config.backups.service.opening import SECRETS, secrets_open
from central_config.backups.service.portable import Portable, database_name, direct_url
from central_config.backups.store.databases import databases_of
from central_config.core.db import open_database

Progress = Callable[[int, int, str], None]

_STEPS = 5


class Proving:
    """One drill of one backup."""

    def __init__(self, portable: Portable, label: str, progress: Progress | None = None) -> None:
        self._portable = portable
        self._label = label
        self._progress = progress or _silent
        self._checks: list[Check] = []
        self._restored_in = 0.0

    async def run(self, url: str) -> Drill:
        """Do it in the empty database at `url`; what is wrong is in the result, not raised.

        Raises:
            BackupRefusedError: there is no such backup, or no program that could restore it.
        """
        clock, began = self._portable.clock.now(), time.monotonic()
        manifest: Manifest | None = None
        try:
            manifest = await self._whole()
            facts = await self._restored(manifest, url)
            self._same(manifest, facts)
            await self._looked_into(url)
        except BackupFailedError as problem:
            names = ("whole", "restored", "content", "audit log", SECRETS)
            self._checks.append(Check(names[len(self._checks)], ok=False, words=str(problem)))
        drill = self._result(manifest, clock, time.monotonic() - began)
        if manifest is not None:
            words = "; ".join(each.words for each in drill.checks)
            self._portable.note_drill(manifest, passed=drill.ok, words=words)
        return drill

    async def _whole(self) -> Manifest:
        self._progress(0, _STEPS, "reading")
        manifest = await asyncio.to_thread(self._portable.verify, self._label)
        self._checks.append(Check("whole", ok=True, words="every chunk is as it was written"))
        return manifest

    async def _restored(self, manifest: Manifest, url: str) -> Facts:
        self._progress(1, _STEPS, "restoring")
        began = time.monotonic()
        facts = await load(self._portable, manifest, url, grants=False)
        self._restored_in = time.monotonic() - began
        words = f"pg_restore took {self._restored_in:.1f} s"
        self._checks.append(Check("restored", ok=True, words=words))
        return facts

    def _same(self, manifest: Manifest, facts: Facts) -> None:
        self._progress(2, _STEPS, "comparing")
        wrong = differences(manifest, facts)
        rows = sum(facts.counts.values())
        words = f"{len(facts.heads)} workspaces and {rows} rows are those of the manifest"
        self._checks.append(Check("content", ok=not wrong, words="; ".join(wrong[:3]) or words))

    async def _looked_into(self, url: str) -> None:
        database = open_database(url, self._portable.settings, application="central-config-drill")
        try:
            self._progress(3, _STEPS, "verifying the audit log")
            report = await AuditService(database).verify()
            words = f"{report.events} events hold together"
            if report.broken is not None:
                words = f"event {report.broken.sequence}: {report.broken.reason}"
            self._checks.append(Check("audit log", ok=report.broken is None, words=words))
            self._progress(4, _STEPS, "opening secrets")
            portable = self._portable
            self._checks.append(await secrets_open(database, portable.settings, portable.clock))
        finally:
            await database.dispose()

    def _result(self, manifest: Manifest | None, started_at: datetime, seconds: float) -> Drill:
        return Drill(
            label=self._label,
            method="portable",
            started_at=started_at,
            seconds=round(seconds, 3),
            restore_seconds=round(self._restored_in, 3),
            size_bytes=0 if manifest is None else manifest.plain_bytes,
            checks=tuple(self._checks),
        )


@asynccontextmanager
async def scratch_database(portable: Portable) -> AsyncGenerator[str]:
    """Make an empty database beside the live one until the block ends; give its address.

    Raises:
        BackupRefusedError: our role may not create databases.
    """
    url = direct_url(portable.settings)
    live = database_name(portable.settings)
    name = f"{live[:40]}_drill_{portable.clock.now():%Y%m%d%H%M%S}"
    async with databases_of(address_of(url, "postgres")) as server:
        if not await server.may_create():
            raise BackupRefusedError(
                "the role may not create databases, so the drill needs a server of its own: "
                "`central-config backup drill --on throwaway` where PostgreSQL is installed, or "
                "ALTER ROLE ... CREATEDB"
            )
        like = await server.properties(live)
        await server.create(name, like)
        try:
            yield address_of(url, name)
        finally:
            await server.drop(name)


def _silent(_done: int, _total: int, _note: str) -> None:
    """Report nothing."""
