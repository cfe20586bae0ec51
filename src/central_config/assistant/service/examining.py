"""All findings about a change, from the workspace and the edits alone: no I/O, no model."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from central_config.access.model import Caller
from central_config.assistant.model.reviews.checks import examine
from central_config.assistant.model.reviews.findings import Finding, merged
from central_config.assistant.model.reviews.leaves import last_name
from central_config.assistant.model.reviews.places import is_production
from central_config.assistant.model.reviews.policies import Policy
from central_config.assistant.model.reviews.quoting import plain
from central_config.assistant.service.effects import effects
from central_config.assistant.service.surroundings import Past, Surroundings
from central_config.configurations.model.cells import Served, ServedChange
from central_config.configurations.model.changes import Edit
from central_config.configurations.model.schemas import ENFORCE, Violation, violations
from central_config.configurations.model.state import WorkspaceState
from central_config.core.pace import Steps

# Served values a review looks at; importing more than that is a migration, not a change.
MOST = 5000


class Examined(NamedTuple):
    """What was found, the worst first; `looked_at` of `changes` served values were looked at."""

    findings: list[Finding]
    looked_at: int
    changes: int


def examining(
    caller: Caller,
    state: WorkspaceState,
    edits: Sequence[Edit],
    past: Past,
    policies: Sequence[Policy] = (),
) -> Steps[Examined]:
    """Examine what edits would do to the readers the caller may know of, in steps."""
    effect = yield from effects(state, edits)
    topology = state.topology
    reached = [
        change
        for change in effect.changes
        if caller.principal.reaches(topology.slug(change.site.environment_id), change.site.key)
    ]
    surroundings = Surroundings(caller, state, effect, past)
    found: list[Finding] = []
    for change in reached[:MOST]:
        found += _of_change(state, surroundings, change, policies)
        yield
    findings = merged(found)
    if len(reached) > MOST:
        findings.insert(0, _unreviewed(len(reached)))
    return Examined(findings, min(len(reached), MOST), len(reached))


def _of_change(
    state: WorkspaceState,
    surroundings: Surroundings,
    change: ServedChange,
    policies: Sequence[Policy],
) -> Iterator[Finding]:
    environment = state.topology.slug(change.site.environment_id)
    for leaf in surroundings.leaves(change):
        yield from examine(leaf)
    if change.after is None:
        yield _removed(state, change)
    else:
        yield from _broken_rules(state, environment, change, change.after)
    for policy in policies:
        if policy.holds(environment, change.site.key):
            yield policy.finding(environment, change.site.key)


def _removed(state: WorkspaceState, change: ServedChange) -> Finding:
    environment = state.topology.by_id[change.site.environment_id]
    production = is_production(environment.slug, requires_approval=environment.requires_approval)
    return Finding(
        rule="removed",
        severity="low",
        environment=environment.slug,
        key=change.site.key,
        evidence=f"{environment.slug} would not serve {change.site.key} any more"
        + (", and it is production" if production else ""),
        advice="Make sure that nobody reads it.",
    )


def _broken_rules(
    state: WorkspaceState, environment: str, change: ServedChange, after: Served
) -> Iterator[Finding]:
    """Yield how a value breaks schema rules it did not break before."""
    before = set(_violations(state, environment, change, change.before))
    for violation in _violations(state, environment, change, after):
        if violation in before:
            continue
        enforced = violation.mode == ENFORCE
        yield Finding(
            rule="schema",
            severity="critical" if enforced else "medium",
            environment=environment,
            key=change.site.key,
            pointer=violation.pointer,
            evidence=f"breaks the rule {violation.rule}: {_told(change, violation)}",
            advice="Correct the value: as it is, it cannot be published."
            if enforced
            else "Correct the value, or the rule, which only warns.",
        )


def _told(change: ServedChange, violation: Violation) -> str:
    return plain(last_name(change.site.key, violation.pointer), violation.detail)


def _violations(
    state: WorkspaceState, environment: str, change: ServedChange, served: Served | None
) -> Iterator[Violation]:
    if served is None:
        return
    key = change.site.key
    secret = served.secret or key in state.secret_keys
    yield from violations(state.rules, environment, key, served.body, secret=secret)


def _unreviewed(changes: int) -> Finding:
    return Finding(
        rule="unreviewed",
        severity="medium",
        environment="",
        key="",
        evidence=f"the change affects {changes} values; the first {MOST} were looked at",
        advice="Split it into changes that can be looked at.",
    )
