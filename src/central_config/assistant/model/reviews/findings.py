"""What a review finds: a rule, how bad, where, the evidence, and what to do about it."""

from collections.abc import Iterable
from typing import Literal, get_args

import msgspec

from central_config.core.pace import Steps

Severity = Literal["low", "medium", "high", "critical"]
Risk = Literal["none", "low", "medium", "high", "critical"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
RISKS: tuple[Risk, ...] = get_args(Risk)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a person should look at before the change is let through.

    Attributes:
        rule: which check found it; see `REVIEW_RULES`.
        severity: how bad it would be if it is what it looks like.
        environment: where readers would see it; "" for what is about the change as a whole.
        also: further environments in which it is the same.
        key, pointer: the key, and a JSON pointer into its value where only a part is meant.
        evidence: the facts it rests on, values quoted and capped. Never a secret.
        source: the policy or schema rule it follows from, where it is of the workspace.
        advice: what to do if it was not meant.
    """

    rule: str
    severity: Severity
    environment: str
    key: str
    pointer: str = ""
    evidence: str
    advice: str
    source: str = ""
    also: tuple[str, ...] = ()


REVIEW_RULES: dict[str, str] = {
    "type-drift": "The value has another type than before, than elsewhere, or than its siblings",
    "magnitude": "A number lies far from what it was and from what it is elsewhere",
    "other-environment": "A value names another environment, or refers to one",
    "localhost": "A value of production points at the reader's own machine",
    "near-miss": "A text is almost, but not quite, one that is used elsewhere",
    "white-space": "A text has white space or invisible characters nobody sees",
    "placeholder": "A text stands for one that was to be filled in",
    "plain-secret": "A secret in plain text, in a key that is no secret",
    "protection-off": "Encryption, verification or authentication is switched off or weakened",
    "schema": "A value breaks a schema rule of the workspace",
    "schema-weakened": "A schema rule lets through what it refused before",
    "policy": "A review policy of the workspace asks for more care with this key",
    "removed": "A key is not served any more",
    "unreviewed": "The change is too large to be looked at in full",
}


def risk_of(findings: Iterable[Finding]) -> Risk:
    """Return the highest severity found; `none` where nothing was."""
    severities: list[Risk] = [finding.severity for finding in findings]
    return raised("none", *severities)


def raised(risk: Risk, *others: Risk) -> Risk:
    """Return the highest: whatever else is said, a risk is never lowered."""
    return RISKS[max(RISKS.index(each) for each in (risk, *others))]


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings the worst first, then by place."""
    return sorted(
        findings,
        key=lambda it: (-SEVERITIES.index(it.severity), it.key, it.pointer, it.environment),
    )


def merging(findings: Iterable[Finding]) -> Steps[list[Finding]]:
    """Return findings with those that are the same in several environments told once, in steps.

    A value edited in a parent is seen by all its heirs: the worst of them speaks for the others.
    Two findings of one environment are two, whatever they have in common.
    """
    together: dict[tuple[str, ...], list[list[Finding]]] = {}
    for finding in findings:
        _join(together.setdefault(_about(finding), []), finding)
        yield
    made: list[Finding] = []
    for groups in together.values():
        made += map(_spoken_for, groups)
        yield
    return in_order(made)


def _about(finding: Finding) -> tuple[str, ...]:
    """Return what findings about the same have in common.

    Of one rule of the workspace there may be several about one place: their words tell them apart.
    """
    words = finding.evidence if finding.source else ""
    return finding.rule, finding.source, finding.key, finding.pointer, words


def _join(groups: list[list[Finding]], finding: Finding) -> None:
    """Put a finding to the first group that has none of its environment."""
    for group in groups:
        if all(each.environment != finding.environment for each in group):
            group.append(finding)
            return
    groups.append([finding])


def _spoken_for(group: list[Finding]) -> Finding:
    worst = max(group, key=lambda it: SEVERITIES.index(it.severity))
    seen = {each.environment for each in group} - {worst.environment}
    return msgspec.structs.replace(worst, also=tuple(sorted(seen)))
