"""HTTP models of recommendations."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from central_config.assistant.service.advising import Listing, ShownAdvice
from central_config.configurations.service.edits import Wish
from central_config.core.web import Text

Kind = Literal[
    "redundant",
    "drift",
    "outlier",
    "duplicate",
    "unused",
    "deprecated",
    "expiring-key",
    "expiring-certificate",
    "bounds",
    "pool",
    "timeout",
    "cache",
]
Status = Literal["open", "accepted", "dismissed"]


class EvidenceOut(BaseModel):
    """What an environment serves for a key that a recommendation is about."""

    environment: str
    key: str
    value: str | None = Field(
        description="As JSON, cut where it is long, masked where it is secret; null: not served"
    )


class ProposedEdit(BaseModel):
    """An edit the draft would hold."""

    environment: str
    key: str
    action: Literal["set", "remove", "status"]
    value: Any = Field(default=None, description="What it sets")
    status: str | None = None

    @classmethod
    def of(cls, wish: Wish) -> "ProposedEdit":
        """Return the HTTP form."""
        return cls.model_validate({name: getattr(wish, name) for name in cls.model_fields})


class RecommendationOut(BaseModel):
    """What could be better, why, and what is to be expected of it."""

    id: UUID
    kind: Kind
    title: str = Field(description="What is so")
    effect: str = Field(description="What is to be expected of the edits, or what a person can do")
    evidence: list[EvidenceOut]
    edits: list[ProposedEdit] = Field(description="Of the draft; none: only a person can tell")
    status: Status
    found_at: datetime
    seen_at: datetime = Field(description="The last scan that found it")
    decided_at: datetime | None = Field(description="Of one given again: the decision before")
    decided_by: str | None
    reason: str | None
    change: UUID | None = Field(description="The draft that was made of it")

    @classmethod
    def of(cls, shown: ShownAdvice) -> "RecommendationOut":
        """Return the HTTP form."""
        found = shown.recommendation
        return cls.model_validate(
            {
                "id": found.id,
                "kind": found.advice.kind,
                "title": found.advice.title,
                "effect": found.advice.effect,
                "evidence": [each._asdict() for each in shown.evidence],
                "edits": [ProposedEdit.of(each) for each in shown.edits],
                "status": found.status,
                "found_at": found.found_at,
                "seen_at": found.seen_at,
                "decided_at": found.decided_at,
                "decided_by": found.decided_by,
                "reason": found.reason,
                "change": found.change_id,
            }
        )


class RecommendationPage(BaseModel):
    """Recommendations, and what they rest on."""

    items: list[RecommendationOut]
    next_cursor: str | None
    scanned_at: datetime | None = Field(description="The last scan; null before the first")
    revision: int | None = Field(description="The revision that was scanned")
    left_off: list[str] = Field(description="Kinds of which there is more than is shown")
    counted_since: datetime | None = Field(
        description="Since when reads have been counted; nothing is called unused before 30 days"
    )

    @classmethod
    def of(cls, listing: Listing, cursor: str | None) -> "RecommendationPage":
        """Return the HTTP form."""
        return cls(
            items=[RecommendationOut.of(each) for each in listing.items],
            next_cursor=cursor,
            scanned_at=listing.scanned_at,
            revision=listing.revision,
            left_off=list(listing.left_off),
            counted_since=listing.counted_since,
        )


class ScanOut(BaseModel):
    """The job that scans the workspace."""

    job: UUID


class DismissIn(BaseModel):
    """Why a recommendation is not wanted."""

    reason: Annotated[Text, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
