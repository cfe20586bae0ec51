"""What a playbook is: data and pure functions. Help, pages and alert links are made from it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from central_config.playbooks.model.findings import Finding, Findings
from central_config.playbooks.model.plans import Draft, TargetName
from central_config.playbooks.model.runs import Health, health_of
from central_config.playbooks.service.probes.looking import Probe


@dataclass(frozen=True, kw_only=True)
class Where:
    """What a planner may know of the place beside the findings; nothing of it is secret."""

    target: TargetName
    namespace: str = "central-config"
    data_dir: str = ""
    cache_prefix: str = ""
    # What starts the one machine, and the settings it was started with that are no secrets.
    start: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict[str, str])


Planner = Callable[[Findings, Where], Draft]


@dataclass(frozen=True, kw_only=True)
class Playbook:
    """How one sort of failure is diagnosed, mended and verified.

    Args:
        name: as typed (`database-connections`).
        title: a headline.
        symptoms: what somebody sees who needs it.
        alerts: the alerts it answers; their pages link here.
        probes: what is looked at, in the order it is shown.
        plan: by target, what makes steps of the findings. No step: nothing it knows to do.
        healthy: the checks that must be OK, before the run (nothing to do) or after it (mended).
        notes: paragraphs a person should know before acting, Markdown.
        patience: seconds the verification waits for health.
        strict: of those the ones of which a warning is not good enough.
        healthy_in_kubernetes: the checks there, where they are others.
        asks: what the operator has to hand over on standard input; see `World.given`.
    """

    name: str
    title: str
    symptoms: tuple[str, ...]
    alerts: tuple[str, ...]
    probes: tuple[Probe, ...]
    plan: dict[TargetName, Planner]
    healthy: tuple[str, ...]
    notes: tuple[str, ...] = ()
    patience: float = 60.0
    healthy_in_kubernetes: tuple[str, ...] = ()
    asks: str = ""
    strict: tuple[str, ...] = ()

    def must_be_ok(self, target: TargetName) -> tuple[str, ...]:
        """Return the checks that must be OK in a target."""
        return (target == "kubernetes" and self.healthy_in_kubernetes) or self.healthy

    def health(self, target: TargetName, findings: Iterable[Finding]) -> Health:
        """Return how things stand, as far as this playbook goes."""
        return health_of(Findings(findings), self.must_be_ok(target), self.strict)

    def probes_for(self, target: TargetName) -> tuple[Probe, ...]:
        """Return what is looked at in a target."""
        return tuple(each for each in self.probes if each.where == target)
