"""What Alertmanager reports, and what it means for an incident."""

from collections.abc import Mapping, Sequence

import msgspec

from central_config.incidents.model.incidents import LEVELS

# Always fires, so that its absence is noticed; it is no incident.
WATCHDOG = "Watchdog"
_LOWEST = "P3"
_MOST_SHOWN = 10
_LONGEST_STORY = 20_000


class Alert(msgspec.Struct, frozen=True):
    """One alert of a group."""

    fingerprint: str
    firing: bool
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def name(self) -> str:
        """What the alert is called."""
        return self.labels.get("alertname", "alert without a name")

    @property
    def severity(self) -> str:
        """Its label `severity` if it is one of ours, else the lowest."""
        label = self.labels.get("severity", "")
        return label if label in LEVELS else _LOWEST

    @property
    def line(self) -> str:
        """What happened, in one line."""
        said = self.annotations.get("summary") or self.annotations.get("description") or ""
        return f"{self.name}: {said}" if said else self.name


class AlertGroup(msgspec.Struct, frozen=True):
    """Alerts that Alertmanager reports together; `key` is the same each time it does."""

    key: str
    alerts: Sequence[Alert]

    @property
    def firing(self) -> list[Alert]:
        """The alerts that fire."""
        return [each for each in self.alerts if each.firing]

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """What tells whether the same alerts fire as before."""
        return tuple(sorted(each.fingerprint for each in self.firing))

    @property
    def severity(self) -> str:
        """The most severe of those that fire."""
        return min((each.severity for each in self.firing), default=_LOWEST)

    @property
    def title(self) -> str:
        """A short description for an incident."""
        first = self.firing[0].line
        more = len(self.firing) - 1
        return f"{first} (and {more} more)" if more else first

    def story(self) -> str:
        """Return the alerts that fire, one a line, with what to do."""
        lines: list[str] = []
        for each in self.firing[:_MOST_SHOWN]:
            lines.append(each.line)
            description = each.annotations.get("description")
            if description and description not in each.line:
                lines.append(f"  {description}")
            if each.annotations.get("runbook_url"):
                lines.append(f"  Do: {each.annotations['runbook_url']}")
        if len(self.firing) > _MOST_SHOWN:
            lines.append(f"... and {len(self.firing) - _MOST_SHOWN} more")
        return "\n".join(lines)[:_LONGEST_STORY]
