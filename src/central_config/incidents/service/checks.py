"""What can be looked at for a checklist without asking anybody.

A check says what it saw. Where it could not see anything it says that, and the item is a person's.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import yaml
from prometheus_client import REGISTRY

from central_config.access.model import SYSTEM_CALLER, ApiKey
from central_config.access.service import AccessService
from central_config.audit.service import AuditService
from central_config.backups.service.catalogue import Catalogue
from central_config.core import migrations
from central_config.core.clock import Clock
from central_config.core.db import Database
from central_config.incidents.model.checklists import (
    BACKUP_WITHIN,
    CERTIFICATE_LEFT,
    DRILL_WITHIN,
    KEY_AGE,
    Finding,
)
from central_config.incidents.model.incidents import Told
from central_config.incidents.model.reports import duration

Check = Callable[["Told | None"], Awaitable[Finding]]

# Seconds a check may take; the audit log of years takes longer.
_PATIENCE = 15.0
_PAGE = 1000
_RULES = Path(__file__).parents[4] / "deploy" / "monitoring" / "rules"


class Checks:
    """All checks, by the item of a checklist they are for."""

    def __init__(
        self, database: Database, audit: AuditService, access: AccessService, clock: Clock
    ) -> None:
        self._database = database
        self._audit = audit
        self._access = access
        self._backups = Catalogue(database, clock)
        self._clock = clock
        self._checks: Mapping[str, Check] = {
            "migrations-tested": self._schema,
            "alerts-configured": self._rules,
            "backup-completed": self._backup,
            "timeline-documented": _timeline,
            "root-cause": _root_cause,
            "customer-communication": _customers,
            "action-items": _actions,
            "certificates": self._certificates,
            "backup-encryption": self._drill,
            "audit-logs": self._chain,
            "key-rotation": self._keys,
        }

    async def look(self, slug: str, told: Told | None) -> Finding | None:
        """Return what was found for an item; None where there is nothing to look at."""
        check = self._checks.get(slug)
        if check is None:
            return None
        try:
            async with asyncio.timeout(_PATIENCE):
                return await check(told)
        except TimeoutError:
            return Finding(None, f"not looked at: took longer than {_PATIENCE:g} s")

    async def _schema(self, told: Told | None) -> Finding:
        del told
        wanted = await asyncio.to_thread(migrations.head)
        async with self._database.connect() as connection:
            found = await migrations.current(connection)
        if found != wanted:
            return Finding(False, f"the database is at {found}, this release needs {wanted}")
        return Finding(True, f"this server's database is at {found}, as its release needs")

    async def _rules(self, told: Told | None) -> Finding:
        del told
        return await asyncio.to_thread(_read_rules, _RULES)

    async def _backup(self, told: Told | None) -> Finding:
        del told
        last = await self._backups.last_times()
        now = self._clock.now()
        made = {"database": last.database, "configuration": last.configuration}
        ages = {what: now - moment for what, moment in made.items() if moment is not None}
        if "database" not in ages:
            return Finding(False, "no backup of the database is recorded")
        said = ", ".join(f"{what} {duration(age)} ago" for what, age in ages.items())
        # A configuration that was backed up does not bring the database back.
        return Finding(ages["database"] <= BACKUP_WITHIN, f"last good backup: {said}")

    async def _drill(self, told: Told | None) -> Finding:
        """Backups are never written in clear; that one can be read again is what a drill shows."""
        del told
        last = (await self._backups.last_times()).drill
        if last is None:
            return Finding(None, "no restore drill is recorded")
        age = self._clock.now() - last
        said = f"{duration(age)} ago a drill decrypted and restored a backup"
        return Finding(True if age <= DRILL_WITHIN else None, said)

    async def _certificates(self, told: Told | None) -> Finding:
        del told
        ends = measured("central_config_certificate_expiry_timestamp_seconds")
        if not ends:
            return Finding(None, "this server measures no certificates")
        now = self._clock.now().timestamp()
        unread = sorted(name for name, end in ends.items() if math.isnan(end))
        left = {name: (end - now) / 86_400 for name, end in ends.items() if not math.isnan(end)}
        short = [name for name, days in left.items() if days < CERTIFICATE_LEFT.days]
        told_of = ", ".join(f"{name} {days:.0f} days" for name, days in sorted(left.items()))
        said = f"left: {told_of or 'nothing is known'}"
        if unread:
            return Finding(False if short else None, f"{said}; never read: {', '.join(unread)}")
        return Finding(not short, said)

    async def _chain(self, told: Told | None) -> Finding:
        del told
        report = await self._audit.verify()
        if report.broken is not None:
            broken = report.broken
            where = f"chain {broken.chain}, event {broken.sequence}"
            return Finding(False, f"the log is not what it was: {where}: {broken.reason}")
        return Finding(True, f"{report.events} events verified, the chain is intact")

    async def _keys(self, told: Told | None) -> Finding:
        del told
        now = self._clock.now()
        keys = [
            key
            for key in await self._all_keys()
            if key.revoked_at is None and (key.expires_at is None or key.expires_at > now)
        ]
        old = [key for key in keys if now - key.created_at > KEY_AGE]
        if not old:
            return Finding(True, f"none of {len(keys)} API keys is older than {KEY_AGE.days} days")
        names = ", ".join(f"{key.name} ({key.prefix})" for key in old[:5])
        more = f" and {len(old) - 5} more" if len(old) > 5 else ""  # noqa: PLR2004 - as above
        return Finding(False, f"older than {KEY_AGE.days} days: {names}{more}")

    async def _all_keys(self) -> list[ApiKey]:
        found: list[ApiKey] = []
        while True:
            after = found[-1].id if found else None
            page = await self._access.keys.page(SYSTEM_CALLER, None, after, _PAGE)
            found += page
            if len(page) < _PAGE:
                return found


def measured(name: str) -> dict[str, float]:
    """Return what this process measures under a name, by its labels; NaN: it is not known."""
    found: dict[str, float] = {}
    for family in REGISTRY.collect():
        for sample in family.samples:
            if sample.name == name:
                found[", ".join(sample.labels.values())] = sample.value
    return found


def _read_rules(directory: Path) -> Finding:
    files = sorted(directory.glob("*.yaml")) if directory.is_dir() else []
    if not files:
        return Finding(None, "no alert rules beside this installation")
    alerts = 0
    for file in files:
        try:
            groups = yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
            alerts += sum("alert" in rule for group in groups for rule in group["rules"])
        except (OSError, yaml.YAMLError, TypeError, KeyError):
            return Finding(False, f"{file.name} holds no rules that can be read")
    return Finding(True, f"{alerts} alerts in {len(files)} files can be read")


async def _timeline(told: Told | None) -> Finding:
    if told is None:
        return Finding(None, "no incident is named")
    by_people = [entry for entry in told.entries if entry.actor_kind == "user"]
    if told.incident.open:
        return Finding(False, f"{told.incident.id} is {told.incident.status}, not resolved")
    said = f"{len(told.entries)} entries, {len(by_people)} by people"
    lasted = duration(told.incident.lasted(told.incident.opened_at))
    return Finding(bool(by_people), f"{said}; resolved after {lasted}")


async def _root_cause(told: Told | None) -> Finding:
    if told is None:
        return Finding(None, "no incident is named")
    cause = told.incident.root_cause.strip()
    return Finding(bool(cause), "the root cause is recorded" if cause else "no root cause recorded")


async def _customers(told: Told | None) -> Finding:
    if told is None or told.incident.customer_facing:
        return Finding(None, "customers felt it" if told else "no incident is named")
    return Finding(True, "not applicable: the incident is not marked as customer-facing")


async def _actions(told: Told | None) -> Finding:
    if told is None:
        return Finding(None, "no incident is named")
    if not told.actions:
        return Finding(False, "there are no action items")
    loose = [each.number for each in told.actions if not each.owner or each.due is None]
    if loose:
        numbers = ", ".join(map(str, loose))
        return Finding(False, f"without owner or date: action {numbers}")
    return Finding(True, f"{len(told.actions)} action items, each with an owner and a date")
