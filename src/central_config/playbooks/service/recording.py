"""Brings runs into the audit log, each exactly once, as soon as the database is there."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from central_config.audit.model import Actor, Event
from central_config.audit.service import AuditService, record
from central_config.core.clock import Clock, rfc3339
from central_config.core.db import Database, open_database, transaction
from central_config.core.json import JSON
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.service.journal import BrokenJournalError, Entry, Journal
from central_config.playbooks.service.world import World

APPLIED, BROKEN = "ops.applied", "ops.journal_broken"
# Seconds the audit log may take; without it the run stays in the journal.
_PATIENCE = 5.0
_OWN = ("kind", "run", "actor", "process")

_log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


async def merge(world: World, journal: Journal, clock: Clock, place: str) -> bool:
    """Bring what waits in the journal into the audit log; tell whether nothing waits any more.

    Call it with the journal held: the look whether a run stands in the log already and its entry
    are two steps.
    """
    try:
        waiting = journal.pending()
    except BrokenJournalError as error:
        return await _set_aside(world, journal, clock, str(error))
    except OSError as error:  # somebody else's, as root's
        _log.warning("the journal cannot be read", reason=str(error))
        return False
    ours = [each for each in waiting if each.get("place") == place]
    if not ours:
        return True
    try:
        async with asyncio.timeout(_PATIENCE):
            await _record_missing(world, ours, clock)
        for each in ours:
            journal.append({"kind": "merged", "run": each["run"], "at": rfc3339(clock.now())})
    except Exception as error:  # noqa: BLE001 - whatever it is, the journal still has the run
        _log.info("runs stay in the journal", reason=type(error).__name__, runs=len(ours))
        return False
    return True


async def _record_missing(world: World, runs: Sequence[Entry], clock: Clock) -> None:
    database = _open(world)
    try:
        audit = AuditService(database)
        for each in runs:
            event = _event(each)
            # A run that was recorded, but whose mark was not written, is not recorded again.
            seen = await audit.page({"action": APPLIED, "target": event.target}, None, 1)
            if not seen:
                async with transaction(database) as connection:
                    await record(connection, [event], clock)
    finally:
        await database.dispose()


async def _set_aside(world: World, journal: Journal, clock: Clock, said: str) -> bool:
    """Say in the audit log that the journal cannot be believed, and begin a new one."""
    moved = journal.set_aside(clock.now().strftime("%Y%m%dT%H%M%S%f"))
    _log.error("journal set aside", reason=said, file=str(moved))
    now = rfc3339(clock.now())
    journal.append({"kind": "broken", "file": str(moved), "reason": said, "at": now})
    try:
        async with asyncio.timeout(_PATIENCE):
            database = _open(world)
            try:
                event = Event(
                    BROKEN, moved.name, _actor("central-config"), details={"reason": said}
                )
                async with transaction(database) as connection:
                    await record(connection, [event], clock)
            finally:
                await database.dispose()
    except Exception as error:  # noqa: BLE001 - the journal itself says so
        _log.info("the broken journal is not in the audit log", reason=type(error).__name__)
        return False
    return True


def _open(world: World) -> Database:
    if world.settings.database_url is None:
        raise UnreachableError("DATABASE_URL is not set")
    url = world.settings.database_url.get_secret_value()
    return open_database(url, world.settings, application="central-config-ops")


def _event(entry: Entry) -> Event:
    details: dict[str, JSON] = {name: entry[name] for name in entry if name not in _OWN}
    who: Any = entry["actor"]
    return Event(APPLIED, f"run:{entry['run']}", _actor(str(who)), details=details)


def _actor(name: str) -> Actor:
    return Actor(kind="system", id=None, name=name)
