"""All findings about a change, from the workspace and the edits alone: no I/O, no model."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from central_config.access.model import Caller
from central_config.assistant.model.reviews.checks import examine
from central_config.assistant.model.reviews.findings import Finding, merging
from central_config.assistant.model.reviews.leaves import Leaf, last_name
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

# Served values of which a review looks at the parts; importing more is a migration, not a change.
MOST = 5000
# Parts of one value that are looked at, and of all together; what holds more is data rather than
# configuration. What the workspace itself asks for is looked at everywhere.
MOST_LEAVES, LEAVES_IN_ALL = 2000, 20_000


class Examined(NamedTuple):
    """What was found, the worst first; `looked_at` of `changes` served values were seen in full."""

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
    reached: list[ServedChange] = []
    for change in effect.changes:
        site = change.site
        if caller.principal.reaches(topology.slug(site.environment_id), site.key):
            reached.append(change)
        yield
    found: list[Finding] = []
    for change in reached:
        found += _of_rules(state, change, policies)
        yield
    surroundings = Surroundings(caller, state, effect, past)
    looked_at = yield from _of_leaves(state, surroundings, reached, found)
    findings = yield from merging(found)
    return Examined(findings, looked_at, len(reached))


def _of_leaves(
    state: WorkspaceState,
    surroundings: Surroundings,
    changes: Sequence[ServedChange],
    found: list[Finding],
) -> Steps[int]:
    """Add what is found in the parts of values; return how many values were looked at in full."""
    whole, left = 0, LEAVES_IN_ALL
    for number, change in enumerate(changes):
        if number == MOST or left <= 0:
            found.append(_unreviewed(whole, len(changes)))
            break
        seen = yield from _of_value(surroundings.leaves(change), min(left, MOST_LEAVES), found)
        left -= seen.leaves
        if seen.whole:
            whole += 1
        else:
            found.append(_unread(state, change, seen.leaves))
    return whole


class _Seen(NamedTuple):
    leaves: int
    whole: bool


def _of_value(leaves: Iterator[Leaf | None], most: int, found: list[Finding]) -> Steps[_Seen]:
    """Add what is found in the parts of a value, at most so many."""
    looked_at = 0
    for leaf in leaves:
        if leaf is not None:
            if looked_at == most:
                return _Seen(looked_at, whole=False)
            found += examine(leaf)
            looked_at += 1
        yield
    return _Seen(looked_at, whole=True)


def _of_rules(
    state: WorkspaceState, change: ServedChange, policies: Sequence[Policy]
) -> Iterator[Finding]:
    """Yield what the workspace's own rules say of a change."""
    environment = state.topology.slug(change.site.environment_id)
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
            source=violation.rule,
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


def _unread(state: WorkspaceState, change: ServedChange, seen: int) -> Finding:
    """Say that a value was not looked at to its end: anything may stand there."""
    return Finding(
        rule="unreviewed",
        severity="high",
        environment=state.topology.slug(change.site.environment_id),
        key=change.site.key,
        evidence=f"the value changes in more than {seen} places; the first {seen} were looked at",
        advice="Look through the rest yourself, or keep such data elsewhere.",
    )


def _unreviewed(looked_at: int, changes: int) -> Finding:
    return Finding(
        rule="unreviewed",
        severity="high",
        environment="",
        key="",
        evidence=f"the change affects {changes} values; {looked_at} were looked at in full",
        advice="Split it into changes that can be looked at.",
    )
