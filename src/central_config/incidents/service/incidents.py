"""Opening incidents, keeping their record, ending them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from central_config.access.model import Caller
from central_config.core.clock import rfc3339
from central_config.core.db import Connection, transaction
from central_config.core.json import JSON
from central_config.core.problems import Problem, invalid
from central_config.incidents.model.incidents import (
    ACKNOWLEDGED,
    ACTION,
    CHANGED,
    INVESTIGATING,
    NOTE,
    OPENED,
    RESOLVED,
    RESOLVED_ENTRY,
    Action,
    Contact,
    Incident,
    Told,
    id_of_day,
)
from central_config.incidents.model.reports import duration, initial_report, resolution_report
from central_config.incidents.service.escalation import tell_due
from central_config.incidents.service.work import Tools, Work
from central_config.incidents.store import incidents as store
from central_config.notifications.model import Message
from central_config.notifications.service import told_about

# Entries of a timeline in one answer: what an alert that flaps all night writes is more.
ENTRIES_TOLD = 200
# A clock of the reporter's that is a little fast is no reason to refuse.
_SKEW = timedelta(minutes=5)
# What only an incident that goes on can still change.
_WHILE_OPEN = frozenset({"severity", "status", "next_update_at"})


class New(msgspec.Struct, frozen=True, kw_only=True):
    """An incident to open; `detected_at` None means now."""

    severity: str
    title: str
    situation: str = ""
    services: tuple[str, ...] = ()
    customers: str = ""
    revenue: str = ""
    contact: Contact = Contact()
    widespread: bool = False
    customer_facing: bool = False
    business_critical: bool = False
    detected_at: datetime | None = None
    alert_group: str | None = None
    alerts_firing: tuple[str, ...] = ()


class Incidents:
    """The record of incidents."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def open(self, caller: Caller, new: New) -> Told:
        """Open an incident and tell whoever is told at once.

        Raises:
            Problem: `invalid-request` for a detection that lies ahead.
        """
        if new.detected_at is not None and new.detected_at > self._tools.clock.now() + _SKEW:
            raise invalid("/detected_at", "the time lies ahead")
        async with self._tools.work(caller.actor) as work:
            incident = await opened(work, new)
        return await self.show(incident.id)

    async def page(
        self, conditions: Mapping[str, object], before: tuple[datetime, str] | None, limit: int
    ) -> list[Incident]:
        """Return incidents, newest first; conditions are `status`, `severity` and `open`."""
        async with transaction(self._tools.database) as connection:
            return await store.page(connection, conditions, before, limit)

    async def show(self, incident_id: str, before: int | None = None) -> Told:
        """Return an incident with the end of its timeline and its action items.

        `before`: what `earlier` said of the answer before; the timeline ends there.

        Raises:
            Problem: `not-found`.
        """
        async with transaction(self._tools.database) as connection:
            return await _told(connection, incident_id, before)

    async def change(self, caller: Caller, incident_id: str, changes: Mapping[str, object]) -> Told:
        """Correct or add facts; the names are members of `Incident`.

        Raises:
            Problem: `not-found`; `wrong-state` for what a resolved incident cannot change any more.
        """
        async with self._tools.work(caller.actor) as work:
            await _apply(work, await work.incident(incident_id), changes)
        return await self.show(incident_id)

    async def update(
        self, caller: Caller, incident_id: str, text: str, changes: Mapping[str, object]
    ) -> Told:
        """Write into the timeline; while the incident goes on the text is its situation, too.

        Raises:
            Problem: `not-found`; `wrong-state` for changes a resolved incident does not take.
        """
        async with self._tools.work(caller.actor) as work:
            incident = await work.incident(incident_id)
            work.enter(incident.id, NOTE, text)
            work.record("incident.updated", f"incident:{incident.id}", {"text": text})
            situation = {"situation": text} if incident.open else {}
            await _apply(work, incident, {**changes, **situation})
        return await self.show(incident_id)

    async def acknowledge(self, caller: Caller, incident_id: str) -> Told:
        """Note that somebody responds.

        Raises:
            Problem: `not-found`; `wrong-state` when somebody did, or it is resolved.
        """
        async with self._tools.work(caller.actor) as work:
            incident = await work.open_incident(incident_id)
            if incident.acknowledged_at is not None:
                who = f"{incident.acknowledged_by} at {rfc3339(incident.acknowledged_at)}"
                raise Problem("wrong-state", f"{incident.id} was acknowledged by {who}")
            name = caller.principal.name
            changed = msgspec.structs.replace(
                incident, acknowledged_at=work.now, acknowledged_by=name
            )
            await store.save(work.connection, changed)
            after = duration(work.now - incident.opened_at)
            work.enter(incident.id, ACKNOWLEDGED, f"acknowledged by {name} after {after}")
            work.record("incident.acknowledged", f"incident:{incident.id}", {})
        return await self.show(incident_id)

    async def resolve(self, caller: Caller, incident_id: str, facts: Mapping[str, object]) -> Told:
        """End an incident, and tell everybody who was told of it.

        Args:
            caller: who does.
            incident_id: which.
            facts: `resolution`, and perhaps `summary`, `root_cause`, `prevention`, `lessons`.

        Raises:
            Problem: `not-found`; `wrong-state` when it is resolved already.
        """
        async with self._tools.work(caller.actor) as work:
            incident = await work.open_incident(incident_id)
            changed = msgspec.structs.replace(
                incident, status=RESOLVED, resolved_at=work.now, next_update_at=None, **facts
            )
            await store.save(work.connection, changed)
            lasted = duration(changed.lasted(work.now))
            work.enter(
                incident.id, RESOLVED_ENTRY, f"resolved after {lasted}: {changed.resolution}"
            )
            work.record("incident.resolved", f"incident:{incident.id}", {"lasted": lasted})
            actions = await store.actions(work.connection, incident.id)
            await _tell_resolved(work, Told(changed, [], actions))
        return await self.show(incident_id)

    async def report(self, incident_id: str, which: str) -> str:
        """Return the `initial` or the `resolution` report.

        Raises:
            Problem: `not-found`; `wrong-state` for the second while the incident goes on.
        """
        told = await self.show(incident_id)
        if which == "initial":
            return initial_report(told, self._tools.clock.now())
        if told.incident.open:
            raise Problem("wrong-state", f"{incident_id} is not resolved yet")
        return resolution_report(told)

    async def add_action(self, caller: Caller, action: Action) -> Told:
        """Add an action item; its number is given here.

        Raises:
            Problem: `not-found`.
        """
        async with self._tools.work(caller.actor) as work:
            incident = await work.incident(action.incident_id)
            made = await store.add_action(work.connection, action)
            work.enter(incident.id, ACTION, f"action {made.number}: {_said(made)}")
            work.record("incident.action_added", f"incident:{incident.id}", {"number": made.number})
        return await self.show(action.incident_id)

    async def change_action(
        self, caller: Caller, incident_id: str, number: int, changes: Mapping[str, object]
    ) -> Told:
        """Change an action item: `text`, `owner`, `due`, and `done` (true or false).

        Raises:
            Problem: `not-found`.
        """
        async with self._tools.work(caller.actor) as work:
            incident = await work.incident(incident_id)
            found = await store.actions(work.connection, incident.id)
            action = next((each for each in found if each.number == number), None)
            if action is None:
                raise Problem("not-found", f"{incident.id} has no action {number}")
            fields = dict(changes)
            if "done" in fields:
                fields["done_at"] = (action.done_at or work.now) if fields.pop("done") else None
            changed = msgspec.structs.replace(action, **fields)
            if changed != action:
                await store.save_action(work.connection, changed)
                state = "done" if changed.done_at else _said(changed)
                work.enter(incident.id, ACTION, f"action {number}: {state}")
                target = f"incident:{incident.id}"
                work.record("incident.action_changed", target, {"number": number})
        return await self.show(incident_id)


async def opened(work: Work, new: New) -> Incident:
    """Open an incident in a change of the caller's, and tell whoever is told at once."""
    await store.take_turn(work.connection)
    number = await store.next_number(work.connection, work.now)
    fields: dict[str, Any] = msgspec.structs.asdict(new)
    fields["detected_at"] = new.detected_at or work.now
    incident = Incident(
        id=id_of_day(work.now, number),
        status=INVESTIGATING,
        opened_at=work.now,
        opened_by=work.actor.name,
        **fields,
    )
    await store.add(work.connection, incident)
    work.enter(incident.id, OPENED, f"opened as {incident.severity}: {incident.title}")
    if incident.situation:
        work.enter(incident.id, NOTE, incident.situation)
    details: dict[str, JSON] = {"severity": incident.severity, "title": incident.title}
    work.record("incident.opened", f"incident:{incident.id}", details)
    await tell_due(work, incident)
    return incident


async def _apply(work: Work, incident: Incident, changes: Mapping[str, object]) -> None:
    """Write changes of a locked incident, note what they are, and tell whom they concern."""
    different = {name: value for name, value in changes.items() if getattr(incident, name) != value}
    refused = sorted(_WHILE_OPEN & different.keys())
    if refused and not incident.open:
        words = f"{incident.id} is resolved; its {' and '.join(refused)} cannot change any more"
        raise Problem("wrong-state", words)
    if not different:
        return
    changed = msgspec.structs.replace(incident, **different)
    await store.save(work.connection, changed)
    noted = {name: value for name, value in different.items() if name != "situation"}
    if noted:
        text = "; ".join(_change(name, getattr(incident, name), noted[name]) for name in noted)
        work.enter(incident.id, CHANGED, text)
        names: list[JSON] = [*noted]
        work.record("incident.changed", f"incident:{incident.id}", {"changed": names})
    await tell_due(work, changed)


def _change(name: str, before: object, after: object) -> str:
    plain = name.replace("_", " ")
    if name in {"severity", "status"}:
        return f"{plain}: {before} -> {after}"
    return f"{plain}: {_shown(after)}"


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(str(each) for each in value) or "none"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, Contact):
        return " - ".join(part for part in (value.name, value.phone, value.email) if part)
    return "none" if value is None else str(value)


def _said(action: Action) -> str:
    due = f", due {action.due.isoformat()}" if action.due else ""
    return f"{action.text} ({action.owner or 'nobody yet'}{due})"


async def _tell_resolved(work: Work, told: Told) -> None:
    subject, _, body = resolution_report(told).partition("\n\n")
    work.messages += [
        Message(
            target,
            subject.removeprefix("Subject: "),
            body,
            about=told.incident.id,
            dedupe_key=f"resolved/{told.incident.id}/{target}",
        )
        for target in await told_about(work.connection, told.incident.id)
    ]


async def _told(connection: Connection, incident_id: str, before: int | None) -> Told:
    incident = await store.find(connection, incident_id)
    if incident is None:
        raise Problem("not-found", f"there is no incident {incident_id[:64]}")
    # One more than is told says whether there are earlier ones.
    found = await store.entries(connection, incident_id, before, ENTRIES_TOLD + 1)
    told = found[-ENTRIES_TOLD:]
    return Told(
        incident,
        [entry for _, entry in told],
        await store.actions(connection, incident_id),
        told[0][0] if len(found) > len(told) else None,
    )
