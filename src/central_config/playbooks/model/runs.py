"""What came of a plan."""

from collections.abc import Sequence
from enum import IntEnum, StrEnum
from typing import Literal

import msgspec

from central_config.playbooks.model.findings import Finding, Findings, Status


class Exit(IntEnum):
    """How a command ends."""

    FIXED = 0
    NOT_FIXED = 1
    REFUSED = 2
    UNKNOWN = 3


class Done(StrEnum):
    """What came of a step."""

    DONE = "done"
    NOT_NEEDED = "not needed"  # what it was to hit was gone by then
    FAILED = "failed"
    NOT_REACHED = "not reached"  # a step before it failed
    NOT_CHOSEN = "not chosen"
    LEFT_TO_YOU = "left to you"


class StepOutcome(msgspec.Struct, frozen=True):
    """A step and what came of it."""

    what: str
    outcome: Done
    detail: str = ""


Health = Literal["well", "broken", "unknown"]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that was applied, and how things stood afterwards."""

    id: str
    plan: str
    playbook: str
    health: Health
    steps: tuple[StepOutcome, ...]
    findings: tuple[Finding, ...]
    recorded: str

    @property
    def code(self) -> Exit:
        """How the command ends."""
        if any(each.outcome is Done.FAILED for each in self.steps) and self.health != "well":
            return Exit.NOT_FIXED
        return exit_of(self.health)


def health_of(findings: Findings, checks: Sequence[str], strict: Sequence[str] = ()) -> Health:
    """Return how the checks stand together; what nobody looked at is not known, never well.

    A warning counts as well, except in `strict`.
    """
    found = [findings[each].status for each in checks]
    if Status.BAD in found or any(findings.poor(each) for each in strict):
        return "broken"
    if not found or Status.UNKNOWN in found or Status.SKIPPED in found:
        return "unknown"
    return "well"


def exit_of(health: Health) -> Exit:
    """Return how a command ends that leaves things so."""
    return {"well": Exit.FIXED, "broken": Exit.NOT_FIXED, "unknown": Exit.UNKNOWN}[health]
