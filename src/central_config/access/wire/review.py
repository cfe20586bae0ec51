"""What the HTTP API of the access review takes and gives."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from central_config.access.model import Account
from central_config.access.service.review import Decision, Finding, Review
from central_config.access.wire import Slugs
from central_config.core.web import Text

FindingKind = Literal[
    "user-inactive-account",
    "user-never-signed-in",
    "user-not-signed-in",
    "key-without-expiry",
    "key-never-used",
    "key-not-used",
    "key-old",
    "role-unused",
]
Subject = Annotated[
    Text,
    Field(
        pattern=r"^(user|key|role):.",
        max_length=256,
        description="`user:NAME`, `key:ID` or `role:NAME`",
        examples=["user:ada"],
    ),
]


class HeldRole(BaseModel):
    """A role somebody has, and what it allows."""

    role: str
    workspace: str | None = Field(description="Slug; null: in every workspace")
    permissions: list[str]


class ReviewedUser(BaseModel):
    """A user as a reviewer looks at them."""

    username: str
    email: str
    display_name: str
    active: bool
    created_at: datetime
    last_login: datetime | None
    roles: list[HeldRole]

    @classmethod
    def of(cls, account: Account, review: Review, slugs: Slugs) -> "ReviewedUser":
        """Return the user as the API shows it."""
        return cls(
            username=account.username,
            email=account.email,
            display_name=account.display_name,
            active=account.active,
            created_at=account.created_at,
            last_login=account.last_login,
            roles=[
                HeldRole(
                    role=each.role,
                    workspace=None if each.workspace_id is None else slugs(each.workspace_id),
                    permissions=sorted(review.permissions.get(each.role, ())),
                )
                for each in account.roles
            ],
        )


class FindingAnswer(BaseModel):
    """Something to decide about."""

    kind: FindingKind
    subject: Subject
    name: str
    workspace: str | None = Field(description="Slug of a key's workspace")
    detail: str

    @classmethod
    def of(cls, finding: Finding, slugs: Slugs) -> "FindingAnswer":
        """Return the finding as the API shows it."""
        place = finding.workspace_id
        return cls.model_validate(
            {
                "kind": finding.kind,
                "subject": finding.subject,
                "name": finding.name,
                "workspace": None if place is None else slugs(place),
                "detail": finding.detail,
            }
        )


class ReviewAnswer(BaseModel):
    """Everybody's access at one moment, and what stands out."""

    moment: datetime
    users: list[ReviewedUser]
    administrators: list[str] = Field(description="Active users who may do everything everywhere")
    findings: list[FindingAnswer]

    @classmethod
    def of(cls, review: Review, slugs: Slugs) -> "ReviewAnswer":
        """Return the review as the API shows it."""
        return cls(
            moment=review.moment,
            users=[ReviewedUser.of(each, review, slugs) for each in review.accounts],
            administrators=[*review.administrators],
            findings=[FindingAnswer.of(each, slugs) for each in review.findings],
        )


class DecisionBody(BaseModel):
    """What was decided about one subject."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: Subject
    decision: Literal["kept", "revoked"]
    reason: Text = Field(min_length=1, max_length=500, examples=["left the team in March"])


class DecisionsBody(BaseModel):
    """What was decided in a review."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decisions: list[DecisionBody] = Field(min_length=1, max_length=1000)

    def given(self) -> list[Decision]:
        """Return them for the service."""
        return [Decision(each.subject, each.decision, each.reason) for each in self.decisions]


class RecordedAnswer(BaseModel):
    """How many decisions the audit log holds now."""

    recorded: int
