"""One change of who may do what: a transaction with its audit events and its announcements."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from central_config.access.model import Caller
from central_config.access.store import signals
from central_config.audit import service as audit
from central_config.audit.model import Event
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, transaction
from central_config.core.json import JSON
from central_config.core.settings import Settings


@dataclass
class Change:
    """What has been done so far in a transaction that is still open."""

    connection: Connection
    events: list[Event] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)

    def record(self, action: str, target: str, caller: Caller, details: Mapping[str, JSON]) -> None:
        """Note an event of the system's chain; written just before the commit."""
        self.events.append(Event(action, target, caller.actor, details=dict(details)))

    def announce(self, subject: str) -> None:
        """Note that every process must forget what it knows of a subject (`KIND:ID`)."""
        self.subjects.append(subject)


@dataclass(frozen=True)
class Tools:
    """What every part of the access service works with."""

    database: Database
    clock: Clock
    settings: Settings
    forget: Callable[[str], None]

    @asynccontextmanager
    async def change(self) -> AsyncGenerator[Change]:
        """Begin a change; when the block ends, write its events, commit, and let all forget.

        The audit chain is locked last and for the shortest time: everything waits there.
        """
        async with transaction(self.database) as connection:
            change = Change(connection)
            yield change
            if change.subjects:
                await signals.announce(connection, change.subjects)
            await audit.record(connection, change.events, self.clock)
        for subject in change.subjects:
            self.forget(subject)
