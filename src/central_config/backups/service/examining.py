"""Looks at a restored database: whole, provable, and as new as it has to be."""

import asyncio
import subprocess
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

from central_config.audit.service import AuditService
from central_config.backups.model.drills import Check
from central_config.backups.service.installation import Installation
from central_config.backups.service.opening import secrets_open
from central_config.backups.service.throwaway import Throwaway
from central_config.backups.store import afterwards
from central_config.backups.store import heads as store
from central_config.backups.store.afterwards import Later
from central_config.core.clock import Clock
from central_config.core.db import Database, open_database
from central_config.core.settings import Settings
from central_config.supervisor.cluster import SUPERUSER
from central_config.supervisor.environment import own_environment

AMCHECK_LIMIT = 3600.0  # seconds
RUNS_CARRIED = 1000  # backups, drills and restores the recovered installation still knows of

Heads = Mapping[str, int]


class Expected(NamedTuple):
    """The revisions the live database had before the last of its log was archived, and has now."""

    at_least: Heads
    at_most: Heads


async def heads_at(url: str, settings: Settings) -> Heads:
    """Return the revision of every workspace of a database, by the workspace's id."""
    database = open_database(url, settings)
    try:
        return await store.heads(database)
    finally:
        await database.dispose()


async def known_later(url: str, settings: Settings) -> Later:
    """Return what a database knows that one of an earlier moment must not forget."""
    database = open_database(url, settings)
    try:
        async with database.connect() as connection:
            return await afterwards.later(connection, RUNS_CARRIED)
    finally:
        await database.dispose()


async def examine(
    server: Throwaway,
    installation: Installation,
    settings: Settings,
    clock: Clock,
    expected: Expected | None = None,
) -> AsyncIterator[Check]:
    """Yield what is found, check by check; without `expected` heads are only told."""
    database = open_database(server.url, settings, application="central-config-drill")
    try:
        yield await _rows(database)
        yield await _audit(database)
        yield await secrets_open(database, settings, clock)
        found = await store.heads(database)
        yield compare(found, expected) if expected is not None else _told(found)
    finally:
        await database.dispose()
    yield await _structure(server, installation)


def compare(found: Heads, expected: Expected) -> Check:
    """Check that no workspace is older than it has to be or newer than it can be."""
    wrong = [
        f"{each} is at {found.get(each, 'nothing')}, was at {revision}"
        for each, revision in sorted(expected.at_least.items())
        if found.get(each, -1) < revision
    ]
    wrong += [
        f"{each} is at {revision}, the live one only at {expected.at_most.get(each, 'nothing')}"
        for each, revision in sorted(found.items())
        if revision > expected.at_most.get(each, -1)
    ]
    if wrong:
        return Check("revisions", False, "; ".join(wrong[:3]))
    return Check("revisions", True, f"{len(found)} workspaces are as new as the archive has to be")


def _told(found: Heads) -> Check:
    return Check("revisions", True, f"{len(found)} workspaces, {sum(found.values())} revisions")


async def _rows(database: Database) -> Check:
    found = await store.counts(database)
    words = ", ".join(f"{rows} in {table}" for table, rows in found.items())
    return Check("rows", True, words)


async def _audit(database: Database) -> Check:
    report = await AuditService(database).verify()
    if report.broken is None:
        return Check("audit log", True, f"{report.events} events hold together")
    return Check(
        "audit log",
        False,
        f"event {report.broken.sequence} of {report.broken.chain}: {report.broken.reason}",
    )


async def _structure(server: Throwaway, installation: Installation) -> Check:
    program = installation.bin_dir / "pg_amcheck"
    if not program.exists():
        return Check("structure", True, "not looked at: this PostgreSQL comes without pg_amcheck")
    process = await asyncio.create_subprocess_exec(
        str(program),
        "--all",
        "--install-missing",
        f"--host={server.sockets}",
        f"--username={SUPERUSER}",
        stdin=subprocess.DEVNULL,
        stdout=PIPE,
        stderr=subprocess.STDOUT,
        env=own_environment(),
        cwd="/",
    )
    try:
        async with asyncio.timeout(AMCHECK_LIMIT):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return Check("structure", True, "pg_amcheck finds no fault in tables and indexes")
    said = output.decode(errors="replace").strip().splitlines()
    return Check("structure", False, f"pg_amcheck: {'; '.join(said[:3]) or 'failed'}")
