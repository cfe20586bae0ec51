"""What the HTTP API of the audit log gives."""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel, Field

from central_config.audit.model import Actor, Head, Record, Seal, Verification
from central_config.audit.service.retention import RetentionReport
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

    @property
    def actor(self) -> Actor:
        """The same as the audit log names it."""
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


class RunAnswer(BaseModel):
    """What a sealed month holds of one chain, without a gap."""

    chain: UUID
    first: int = Field(description="Sequence number of its first event")
    last: int
    starts_from: str = Field(description="Hash of the event before the first, hexadecimal")
    ends_at: str = Field(description="Hash of the last, hexadecimal")


class SealAnswer(BaseModel):
    """A month that stands in a file and no longer in the database."""

    month: str = Field(examples=["2025-09"])
    partition: str = Field(examples=["cc_audit_log_y2025m09"])
    file: str = Field(description="Its name in AUDIT_ARCHIVE_DIR")
    sha256: str = Field(description="Of the file as it was written, hexadecimal")
    events: int
    sealed_at: datetime
    chains: list[RunAnswer]

    @classmethod
    def of(cls, seal: Seal) -> "SealAnswer":
        """Return the seal as the API shows it."""
        return cls(
            month=seal.month,
            partition=seal.partition,
            file=seal.file,
            sha256=seal.sha256.hex(),
            events=seal.events,
            sealed_at=seal.sealed_at,
            chains=[
                RunAnswer(
                    chain=run.chain,
                    first=run.first,
                    last=run.last,
                    starts_from=run.starts_from.hex(),
                    ends_at=run.ends_at.hex(),
                )
                for run in seal.runs
            ],
        )


class SealsAnswer(BaseModel):
    """The sealed months, oldest first."""

    items: list[SealAnswer]
    next_cursor: None = None


class RetentionAnswer(BaseModel):
    """What the next sealing would do."""

    cutoff: datetime | None = Field(description="Months that end by then go; null: none does")
    due: list[str] = Field(description="The partitions that would be exported and dropped")
    note: str = Field(description="Why nothing would be done; empty otherwise")

    @classmethod
    def of(cls, report: RetentionReport) -> "RetentionAnswer":
        """Return the report as the API shows it."""
        return cls(cutoff=report.cutoff, due=list(report.due), note=report.note)


class SealingAnswer(BaseModel):
    """The job that seals."""

    job: UUID


class VerifyAnswer(BaseModel):
    """What a verification of the log found."""

    intact: bool
    events: int = Field(description="Events that were checked and are right")
    starts: dict[UUID, HeadAnswer] = Field(
        description="After which event a chain was verified, where that is not its first: there "
        "the last sealed month ends"
    )
    heads: dict[UUID, HeadAnswer] = Field(description="Where each chain was found to end")
    sealed: list[str] = Field(
        description="Files of sealed months, oldest first; they were not read: "
        "`ccfg audit verify FILE...` does"
    )
    broken: BreakAnswer | None

    @classmethod
    def of(cls, report: Verification) -> "VerifyAnswer":
        """Return the report as the API shows it."""
        broken = report.broken
        return cls(
            intact=broken is None,
            events=report.events,
            starts={
                chain: HeadAnswer.of(head) for chain, head in report.starts.items() if head.sequence
            },
            heads={chain: HeadAnswer.of(head) for chain, head in report.heads.items()},
            sealed=[seal.file for seal in report.sealed],
            broken=None if broken is None else BreakAnswer.model_validate(broken._asdict()),
        )
