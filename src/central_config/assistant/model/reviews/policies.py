"""Review policies: what a workspace itself says about keys that want more care.

Keys have no tags, but they have a form: a policy is a pattern over keys, as schema rules have it.
"""

import msgspec

from central_config.assistant.model.reviews.findings import Finding, Severity
from central_config.configurations.model.keys import matches


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What changes of some keys are at least worth.

    Attributes:
        name: its name in the workspace.
        pattern: which keys; `*` stands within a segment and `**` across.
        environments: where it holds; none: everywhere.
        severity: what a change of such a key is rated, whatever else is found.
        advice: what to do, and whom to ask, in words for reviewers.
    """

    name: str
    pattern: str
    environments: tuple[str, ...] = ()
    severity: Severity = "medium"
    advice: str = ""

    def holds(self, environment: str, key: str) -> bool:
        """Tell whether a configuration is meant."""
        somewhere = not self.environments or environment in self.environments
        return somewhere and matches(self.pattern, key)

    def finding(self, environment: str, key: str) -> Finding:
        """Return what it says about a change of a configuration."""
        return Finding(
            rule="policy",
            severity=self.severity,
            environment=environment,
            key=key,
            source=self.name,
            evidence=f"the policy {self.name} holds for {self.pattern}",
            advice=self.advice or "Let somebody look at it who knows this key.",
        )
