"""Real changes reviewed as they were, and once more with a fault in them."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from bench.ai.review.faults import FAULTS, Fault
from bench.ai.review.histories import Change, Snapshot, changes
from bench.ai.review.sources import Source
from central_config.access.model import SYSTEM_CALLER
from central_config.assistant.model.reviews.findings import SEVERITIES, Finding
from central_config.assistant.service.examining import Examined, examining
from central_config.configurations.model.cells import ACTIVE, Cell, Site
from central_config.configurations.model.changes import REMOVE, SET, Edit
from central_config.configurations.model.keys import key_fault
from central_config.configurations.model.state import WorkspaceState
from central_config.core.ids import new_id
from central_config.core.json import encode
from central_config.core.pace import at_once
from central_config.workspaces.model import Environment, Topology

# From this severity on a change counts as flagged.
FLAGGED = "medium"
# Keys looked at for one a fault can be planted at, and how deep a key may lie.
_TRIES = 60

BASE, DEV, STAGING, PROD = new_id(), new_id(), new_id(), new_id()
IDS = {"base": BASE, "prod": PROD}
TOPOLOGY = Topology(
    [
        Environment(BASE, "base", None, requires_approval=False),
        Environment(DEV, "dev", BASE, requires_approval=False),
        Environment(STAGING, "staging", BASE, requires_approval=False),
        Environment(PROD, "prod", BASE, requires_approval=True),
    ]
)


class Reviewed(NamedTuple):
    """A change as it was, what of it was flagged, and whether all of it was looked at."""

    change: Change
    flagged: list[Finding]
    whole: bool


class Planted(NamedTuple):
    """A fault in a change, and what was found at its place; `any_rule`: found, if otherwise."""

    kind: str
    change: Change
    fault: Fault
    found: bool
    any_rule: bool


def replay(source: Source) -> Iterator[Reviewed]:
    """Review the changes of a package that set something."""
    for change in changes(source):
        if change.edits:
            seen = review(change)
            yield Reviewed(change, flagged(seen.findings), seen.looked_at == seen.changes)


def plant(source: Source, seed: int, every: int = 1) -> Iterator[Planted]:
    """Review each change (or one of so many) once more per kind, with such a fault in it."""
    chance = random.Random(seed)  # noqa: S311 - it is to be the same each time
    real = (change for change in changes(source) if change.edits)
    for change in islice(real, 0, None, every):
        for kind in FAULTS:
            fault = _fault(chance, kind, change)
            if fault is not None:
                yield _judge(kind, change, fault)


def _judge(kind: str, change: Change, fault: Fault) -> Planted:
    found = flagged(review(change, fault).findings)
    there = [each for each in found if each.key == fault.key]
    return Planted(kind, change, fault, any(it.rule == kind for it in there), bool(there))


def _fault(chance: random.Random, kind: str, change: Change) -> Fault | None:
    """Plant a fault in what the change edits, else in what stands beside it, else anywhere."""
    near = [key for key in change.before if key.startswith(change.group + "/")]
    for keys in (list(change.edits), near, list(change.before)):
        known = [key for key in keys if key in change.before and key not in change.removed]
        for key in chance.sample(known, min(len(known), _TRIES)):
            value = change.edits.get(key, change.before[key])
            if kind == "type-drift" and type(value) is not type(change.before[key]):
                continue  # the real change is one already
            fault = FAULTS[kind](chance, key, value)
            if fault is not None and key_fault(fault.key) is None:
                return fault
    return None


def review(change: Change, fault: Fault | None = None) -> Examined:
    """Review a change made in base, which dev, staging and prod inherit."""
    planted = fault.planted if fault is not None else {}
    state = _state({**_cells(change.before), **_cells(planted)}) if planted else _held(change)
    edits = {(BASE, key): encode(value) for key, value in change.edits.items()}
    if fault is not None:
        edits[IDS[fault.environment], fault.key] = encode(fault.value)
    steps = [Edit(place, key, SET, body) for (place, key), body in edits.items()]
    steps += [Edit(BASE, key, REMOVE) for key in change.removed]
    past = {
        Site(place, key): values
        for key, values in change.past.items()
        if key in change.edits or (fault is not None and key == fault.key)
        for place in TOPOLOGY.by_id
    }
    return at_once(examining(SYSTEM_CALLER, state, steps, past))


_kept: dict[int, tuple[Snapshot, WorkspaceState]] = {}


def _held(change: Change) -> WorkspaceState:
    """Return the workspace before a change; many changes begin from the same one."""
    known = _kept.get(id(change.before))
    if known is None:
        _kept.clear()
        known = _kept[id(change.before)] = (change.before, _state(_cells(change.before)))
    return known[1]


def _cells(values: Snapshot) -> dict[str, Cell]:
    return {key: Cell(encode(value), ACTIVE, 1, 1, secret=False) for key, value in values.items()}


def _state(cells: dict[str, Cell]) -> WorkspaceState:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    state = WorkspaceState(new_id(), 1, moment, TOPOLOGY, {BASE: cells})
    at_once(state.settle())
    return state


def flagged(findings: Sequence[Finding]) -> list[Finding]:
    """Return what is bad enough to flag a change."""
    least = SEVERITIES.index(FLAGGED)
    return [each for each in findings if SEVERITIES.index(each.severity) >= least]


def tally(planted: Sequence[Planted]) -> Mapping[str, Counter[str]]:
    """Return by kind how many were planted and how many found."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in planted:
        counts[each.kind]["planted"] += 1
        counts[each.kind]["found"] += each.found
        counts[each.kind]["flagged"] += each.any_rule
    return counts
