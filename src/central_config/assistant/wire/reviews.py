"""HTTP models of reviews and review policies."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from central_config.assistant.model.reviews.findings import Finding, Risk, Severity, risk_of
from central_config.assistant.model.reviews.policies import Policy
from central_config.assistant.model.reviews.review import Review, Wording
from central_config.configurations.wire.changes import RuleUpdate
from central_config.core.web import Text


class FindingOut(BaseModel):
    """One thing to look at."""

    model_config = ConfigDict(from_attributes=True)

    rule: str = Field(description="Which check found it", examples=["type-drift"])
    severity: Severity
    environment: str = Field(description="Where readers would see it, the worst of them")
    also: list[str] = Field(description="Further environments in which it is the same")
    key: str
    pointer: str = Field(description="JSON pointer to the part of the value that is meant")
    evidence: str = Field(description="The facts; values are quoted, capped, and never secrets")
    advice: str

    @classmethod
    def of(cls, finding: Finding) -> "FindingOut":
        """Return the HTTP form."""
        return cls.model_validate(finding)


class WordingOut(BaseModel):
    """What a model says. Its words may be wrong, and decide nothing but a higher risk."""

    model_config = ConfigDict(from_attributes=True)

    status: Literal["queued", "ready", "away"]
    explanation: str | None
    verdict: Risk | None = Field(description="Counts only where it is above what was found")
    reason: str | None = Field(description="Why there are no words")
    model: str | None

    @classmethod
    def of(cls, wording: Wording) -> "WordingOut":
        """Return the HTTP form."""
        return cls.model_validate(wording)


class ReviewOut(BaseModel):
    """A change, looked at."""

    change: UUID
    edition: int = Field(description="Of the change; approve names it")
    status: str = Field(description="Of the change")
    risk: Risk = Field(description="The highest finding; a model can only raise it")
    findings: list[FindingOut] = Field(description="The worst first")
    values: int = Field(description="Served values the change makes different")
    looked_at: int = Field(description="How many of them were looked at in full")
    withheld: int = Field(description="Edits you may not see; nothing is said of them")
    revision: int = Field(description="What it was compared with")
    wording: WordingOut | None = Field(description="What a model says, once it was asked")
    degraded: bool = Field(description="A model was asked for words and gave none")
    reason: str | None = Field(description="Why it is degraded")

    @classmethod
    def of(cls, review: Review) -> "ReviewOut":
        """Return the HTTP form."""
        wording = review.wording
        away = wording is not None and wording.status == "away"
        return cls(
            change=review.change.id,
            edition=review.change.edition,
            status=review.change.status,
            risk=review.risk,
            findings=[FindingOut.of(each) for each in review.findings],
            values=review.values,
            looked_at=review.looked_at,
            withheld=review.withheld,
            revision=review.revision,
            wording=None if wording is None else WordingOut.of(wording),
            degraded=away,
            reason=wording.reason if wording is not None and away else None,
        )


class RuleChange(RuleUpdate):
    """What somebody means to change of a schema rule; nothing is saved."""

    delete: bool = Field(default=False, description="It would be deleted")


class RuleReviewOut(BaseModel):
    """How a schema rule would be weaker."""

    rule: str
    risk: Risk
    findings: list[FindingOut]

    @classmethod
    def of(cls, rule: str, findings: Sequence[Finding]) -> "RuleReviewOut":
        """Return the HTTP form."""
        shown = [FindingOut.of(each) for each in findings]
        return cls(rule=rule, risk=risk_of(findings), findings=shown)


class PolicyIn(BaseModel):
    """What changes of some keys are at least worth."""

    model_config = ConfigDict(extra="forbid")

    pattern: str = Field(
        description="A key in which * stands within a segment and ** across",
        examples=["payments/**"],
    )
    environments: list[str] = Field(
        default=[], max_length=100, description="Where it holds; empty: everywhere"
    )
    severity: Severity = "medium"
    advice: Text = Field(
        default="", max_length=500, description="What to do, and whom to ask, for reviewers"
    )

    def policy(self, name: str) -> Policy:
        """Return the policy as the service takes it."""
        return Policy(
            name=name,
            pattern=self.pattern,
            environments=tuple(self.environments),
            severity=self.severity,
            advice=self.advice,
        )


class PolicyOut(PolicyIn):
    """A review policy."""

    name: str

    @classmethod
    def of(cls, policy: Policy) -> "PolicyOut":
        """Return the HTTP form."""
        return cls(
            name=policy.name,
            pattern=policy.pattern,
            environments=list(policy.environments),
            severity=policy.severity,
            advice=policy.advice,
        )


class PolicyList(BaseModel):
    """The review policies of a workspace, by name."""

    items: list[PolicyOut]
    next_cursor: str | None = None
