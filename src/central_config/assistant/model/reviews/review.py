"""A review of a change: what was found, how risky it is, and what a model says about it."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from central_config.assistant.model.reviews.findings import Finding, Risk, raised, risk_of
from central_config.configurations.model.changes import Change
from central_config.core.json import encode

# queued: a job will ask the model; ready: it has answered; away: it could not be asked.
WordingStatus = Literal["queued", "ready", "away"]


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """What a model says about findings. Words of a stranger: shown as such, decided on by nobody.

    Attributes:
        status: how far it is.
        explanation: its words; None until they are there.
        verdict: how risky it holds the change to be; counts only where that is more.
        reason: why there is no explanation.
        model, digest, prompt_version: who was asked, and in which words.
    """

    status: WordingStatus
    explanation: str | None = None
    verdict: Risk | None = None
    reason: str | None = None
    model: str | None = None
    digest: str | None = None
    prompt_version: str | None = None


class Asker(msgspec.Struct, frozen=True):
    """On whose behalf a model is asked: an actor of the audit log."""

    kind: str
    id: UUID | None
    name: str


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a stored review holds, sealed: what the model is shown, and what it said."""

    workspace_id: UUID
    workspace: str
    asker: Asker
    change_id: UUID
    message: str
    findings: tuple[Finding, ...]
    wording: Wording


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A review as the database keeps it: `content` is a sealed `Content`."""

    id: UUID
    change_id: UUID
    edition: int
    fingerprint: str
    status: WordingStatus
    content: bytes
    asked_by: str
    asked_at: datetime
    finished_at: datetime | None = None


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A change, looked at.

    Attributes:
        change: what was looked at.
        findings: the worst first.
        looked_at, values: how many served values were seen in full, and how many it changes.
        withheld: edits the caller may not see; nothing is said of them.
        revision: what it was compared with.
        wording: what a model says, if it was asked.
    """

    change: Change
    findings: Sequence[Finding]
    looked_at: int
    values: int
    withheld: int
    revision: int
    wording: Wording | None = None

    @property
    def risk(self) -> Risk:
        """The highest finding; a model may raise it, and nothing lowers it."""
        found = risk_of(self.findings)
        said = None if self.wording is None else self.wording.verdict
        return found if said is None else raised(found, said)


def fingerprint(findings: Sequence[Finding], prompt_version: str) -> str:
    """Return what names these findings: words belong to exactly what they were said about.

    So nobody is shown words about findings of which they may not see all.
    """
    return hashlib.sha256(encode([prompt_version, findings])).hexdigest()
