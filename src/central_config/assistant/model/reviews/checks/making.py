"""Findings about a leaf: what every check writes alike."""

from central_config.assistant.model.reviews.findings import Finding, Severity
from central_config.assistant.model.reviews.leaves import Leaf


def found(leaf: Leaf, rule: str, severity: Severity, evidence: str, advice: str) -> Finding:
    """Return a finding about a leaf."""
    return Finding(
        rule=rule,
        severity=severity,
        environment=leaf.environment,
        key=leaf.key,
        pointer=leaf.pointer,
        evidence=evidence,
        advice=advice,
    )
