"""One change of an incident: a transaction with its timeline entries, audit events and messages."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from central_config.audit import service as audit
from central_config.audit.model import Actor, Event
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, transaction
from central_config.core.jobs.queue import JobQueue
from central_config.core.json import JSON
from central_config.core.problems import Problem
from central_config.core.settings import Settings
from central_config.incidents.model.incidents import Entry, Incident
from central_config.incidents.store import incidents as store
from central_config.notifications.model import Message
from central_config.notifications.service import post


@dataclass
class Work:
    """What has been done so far in a transaction that is still open, and by whom."""

    connection: Connection
    settings: Settings
    actor: Actor
    now: datetime
    entries: list[Entry] = field(default_factory=list[Entry])
    events: list[Event] = field(default_factory=list[Event])
    messages: list[Message] = field(default_factory=list[Message])

    def enter(self, incident_id: str, kind: str, text: str, actor: Actor | None = None) -> None:
        """Note an entry of a timeline."""
        who = actor or self.actor
        self.entries.append(Entry(incident_id, self.now, who.kind, who.name, kind, text))

    def record(
        self, action: str, target: str, details: Mapping[str, JSON], actor: Actor | None = None
    ) -> None:
        """Note an event of the audit log."""
        self.events.append(Event(action, target, actor or self.actor, details=dict(details)))

    async def incident(self, incident_id: str) -> Incident:
        """Lock and return an incident.

        Raises:
            Problem: `not-found`.
        """
        found = await store.find(self.connection, incident_id, lock=True)
        if found is None:
            raise Problem("not-found", f"there is no incident {incident_id[:64]}")
        return found

    async def open_incident(self, incident_id: str) -> Incident:
        """Lock and return an incident that goes on.

        Raises:
            Problem: `not-found`; `wrong-state` for one that is resolved.
        """
        found = await self.incident(incident_id)
        if not found.open:
            raise Problem("wrong-state", f"{found.id} is resolved; open another incident")
        return found


@dataclass(frozen=True)
class Tools:
    """What every part of this feature works with."""

    database: Database
    queue: JobQueue
    settings: Settings
    clock: Clock

    @asynccontextmanager
    async def work(self, actor: Actor) -> AsyncGenerator[Work]:
        """Begin a change; when the block ends, write what it noted, commit, and have it sent.

        The audit chain is locked last and for the shortest time: everything waits there.
        """
        job_ids: list[UUID] = []
        async with transaction(self.database) as connection:
            work = Work(connection, self.settings, actor, self.clock.now())
            yield work
            await store.add_entries(connection, work.entries)
            job_ids += await post(connection, work.messages)
            await audit.record(connection, work.events, self.clock)
        await self.queue.dispatch(*job_ids)
