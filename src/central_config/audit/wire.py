"""What the HTTP API of the audit log gives."""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel, Field

from central_config.audit.model import ChainReport, Head, Record
from central_config.core.json import decode


class Place(Protocol):
    """A workspace, as the application names it; its feature lies above this one."""

    @property
    def id(self) -> UUID:
        """The workspace's id, which is also its chain."""
        ...


class Reader(Protocol):
    """Who asks, as far as this feature needs to know."""

    def can(self, permission: str, workspace_id: UUID | None) -> bool:
        """Tell whether the permission is granted there, or everywhere for None."""
        ...

    def sees(self, workspace_id: UUID) -> bool:
        """Tell whether the workspace may be known to exist."""
        ...


class Asking(Protocol):
    """The caller of a route."""

    @property
    def principal(self) -> Reader:
        """Who asks."""
        ...


class EventAnswer(BaseModel):
    """One thing that happened."""

    chain: UUID = Field(
        description="The workspace's id; 00000000-0000-0000-0000-000000000000 for the system"
    )
    sequence: int = Field(description="Place in the chain, from 1 without gaps")
    created_at: datetime
    action: str = Field(examples=["key.created"])
    target: str = Field(examples=["key:cc_k3v9q2xa"])
    actor_kind: str = Field(examples=["user"])
    actor_id: UUID | None
    actor_name: str = Field(examples=["ada"])
    request_id: str
    client_ip: str = Field(examples=["192.0.2.7"])
    details: dict[str, Any]
    hash: str = Field(description="SHA-256 over the event before and this one, hexadecimal")

    @classmethod
    def of(cls, record: Record) -> "EventAnswer":
        """Return the event as the API shows it."""
        members = {name: getattr(record, name) for name in Record.__struct_fields__}
        members["details"] = decode(record.details)
        members["hash"] = record.hash.hex()
        return cls.model_validate(members)


class EventsAnswer(BaseModel):
    """Some of the events, newest first."""

    items: list[EventAnswer]
    next_cursor: str | None


class HeadAnswer(BaseModel):
    """The end of a chain."""

    sequence: int
    hash: str

    @classmethod
    def of(cls, head: Head) -> "HeadAnswer":
        """Return the end as the API shows it."""
        return cls(sequence=head.sequence, hash=head.hash.hex())


class BreakAnswer(BaseModel):
    """The first event that does not fit."""

    chain: UUID
    sequence: int
    reason: str


class VerifyAnswer(BaseModel):
    """What a verification of the log found."""

    intact: bool
    events: int = Field(description="Events that were checked and are right")
    heads: dict[UUID, HeadAnswer] = Field(description="Where each chain was found to end")
    broken: BreakAnswer | None

    @classmethod
    def of(cls, report: ChainReport) -> "VerifyAnswer":
        """Return the report as the API shows it."""
        broken = report.broken
        return cls(
            intact=broken is None,
            events=report.events,
            heads={chain: HeadAnswer.of(head) for chain, head in report.heads.items()},
            broken=None if broken is None else BreakAnswer.model_validate(broken._asdict()),
        )
