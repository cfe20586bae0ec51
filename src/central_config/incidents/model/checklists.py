"""The checklists of the runbook: one definition for commands, the HTTP API and the docs page."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

CHECKED, CONFIRMED, FAILED, OPEN = "checked", "confirmed", "failed", "open"
ItemStatus = Literal["checked", "confirmed", "failed", "open"]
GREEN = frozenset({CHECKED, CONFIRMED})

# How old a backup, a restore drill or a key may be, and how long a certificate has to last.
BACKUP_WITHIN = timedelta(hours=24)
DRILL_WITHIN = timedelta(days=31)
KEY_AGE = timedelta(days=180)
CERTIFICATE_LEFT = timedelta(days=30)


class Item(NamedTuple):
    """One line of a checklist.

    `looks_at` says what is looked at without anybody being asked; "" where nothing can be.
    `decides`: what is found settles the item. Otherwise it can only fail it: a person has to
    confirm what no program sees.
    """

    slug: str
    text: str
    looks_at: str = ""
    decides: bool = False


class Checklist(NamedTuple):
    """A checklist; `of_incident`: it is gone through for one incident."""

    name: str
    title: str
    items: tuple[Item, ...]
    of_incident: bool = False


PRE_DEPLOYMENT = Checklist(
    "pre-deployment",
    "Pre-Deployment Checklist",
    (
        Item("tests-passing", "All tests passing in CI/CD pipeline"),
        Item("security-scan", "Security scan completed with no high/critical issues"),
        Item(
            "migrations-tested",
            "Database migrations tested in staging",
            "this server's database is at the schema its release needs (ask staging's server)",
        ),
        Item("rollback-plan", "Rollback plan documented and tested"),
        Item(
            "alerts-configured",
            "Monitoring alerts configured for new features",
            "the alert rules beside this installation, where there are any, can be read",
        ),
        Item("load-testing", "Load testing completed"),
        Item(
            "backup-completed",
            "Backup completed before deployment",
            "a recorded backup succeeded within 24 hours",
            decides=True,
        ),
        Item("on-call-notified", "On-call engineer notified"),
        Item("stakeholders-informed", "Stakeholders informed of deployment window"),
    ),
)
POST_INCIDENT = Checklist(
    "post-incident",
    "Post-Incident Checklist",
    (
        Item(
            "timeline-documented",
            "Incident timeline documented",
            "the incident is resolved, and a person wrote into its timeline",
            decides=True,
        ),
        Item(
            "root-cause",
            "Root cause analysis completed",
            "the incident has a root cause",
            decides=True,
        ),
        Item(
            "customer-communication",
            "Customer communication sent (if applicable)",
            "an incident that is not customer-facing needs none",
            decides=True,
        ),
        Item("monitoring-gaps", "Monitoring gaps identified and addressed"),
        Item("postmortem-scheduled", "Postmortem meeting scheduled"),
        Item(
            "action-items",
            "Action items created and assigned",
            "the incident has action items, each with an owner and a date",
            decides=True,
        ),
        Item("runbook-updated", "Runbook updated with lessons learned"),
        Item("documentation-updated", "Related documentation updated"),
    ),
    of_incident=True,
)
SECURITY_REVIEW = Checklist(
    "monthly-security",
    "Monthly Security Review Checklist",
    (
        Item("access-audit", "Access control audit completed"),
        Item(
            "certificates",
            "SSL certificates reviewed and renewed if needed",
            "the certificates this server measures are valid for 30 days or more",
            decides=True,
        ),
        Item("security-patches", "Security patches applied"),
        Item("vulnerability-scan", "Vulnerability scan completed"),
        Item(
            "backup-encryption",
            "Backup encryption verified",
            "backups are always encrypted; a drill within 31 days restored one",
            decides=True,
        ),
        Item(
            "audit-logs",
            "Audit logs reviewed for anomalies",
            "every hash of the audit log is recomputed",
        ),
        Item(
            "key-rotation",
            "API key rotation completed",
            "no API key in force is older than 180 days",
            decides=True,
        ),
        Item("security-training", "Security training compliance checked"),
    ),
)

CHECKLISTS: Mapping[str, Checklist] = {
    each.name: each for each in (PRE_DEPLOYMENT, POST_INCIDENT, SECURITY_REVIEW)
}


class Finding(NamedTuple):
    """What looking at something showed: `fine` None when it could not be told."""

    fine: bool | None
    evidence: str


class ItemState(msgspec.Struct, frozen=True):
    """How an item stands in a run.

    `checked`: found to be so, see `evidence`. `confirmed`: `by` said so, for `reason`. `failed`:
    found not to be so, whatever anybody says. `open`: somebody has to say.
    """

    slug: str
    text: str
    status: str
    evidence: str = ""
    by: str = ""
    reason: str = ""
    at: datetime | None = None


class Run(msgspec.Struct, frozen=True):
    """A checklist as it was gone through; green when every item is checked or confirmed."""

    id: UUID
    checklist: str
    incident_id: str | None
    started_at: datetime
    started_by: str
    updated_at: datetime
    items: tuple[ItemState, ...]

    @property
    def green(self) -> bool:
        """Whether nothing is missing."""
        return all(each.status in GREEN for each in self.items)


class Word(NamedTuple):
    """A person's confirmation of an item, and why they may say so."""

    reason: str
    by: str
    at: datetime


def state_of(item: Item, finding: Finding | None, word: Word | None) -> ItemState:
    """Return how an item stands; what was found to be wrong is not talked away."""
    evidence = "" if finding is None else finding.evidence
    if finding is not None and finding.fine is False:
        return ItemState(item.slug, item.text, FAILED, evidence)
    if finding is not None and finding.fine and item.decides:
        return ItemState(item.slug, item.text, CHECKED, evidence)
    if word is not None:
        return ItemState(item.slug, item.text, CONFIRMED, evidence, word.by, word.reason, word.at)
    return ItemState(item.slug, item.text, OPEN, evidence)


def words_of(states: Sequence[ItemState]) -> dict[str, Word]:
    """Return the confirmations a run holds."""
    return {
        each.slug: Word(each.reason, each.by, each.at)
        for each in states
        if each.status == CONFIRMED and each.at is not None
    }
