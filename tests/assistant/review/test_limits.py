"""Large changes: nothing hides in them, and looking at them holds nobody up."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from central_config.access.model import SYSTEM_CALLER
from central_config.assistant.model.reviews.checks import examine
from central_config.assistant.model.reviews.checks.placeholder import placeheld
from central_config.assistant.model.reviews.findings import Finding, Severity, merging, risk_of
from central_config.assistant.model.reviews.leaves import steps
from central_config.assistant.model.reviews.policies import Policy
from central_config.assistant.model.reviews.quoting import quoted
from central_config.assistant.service.examining import MOST, MOST_LEAVES, Examined, examining
from central_config.configurations.model.cells import ACTIVE, Cell
from central_config.configurations.model.changes import REMOVE, SET, Edit
from central_config.configurations.model.schemas import SchemaRule
from central_config.configurations.model.state import WorkspaceState
from central_config.core.ids import new_id
from central_config.core.json import encode
from central_config.core.pace import at_once
from central_config.workspaces.model import Environment, Topology
from tests.assistant.review.test_checks import leaf

BASE, STAGING, PROD, OTHER = new_id(), new_id(), new_id(), new_id()
# Far above what it takes, far below what it took (seconds).
SOON, STEP = 20.0, 0.5


def workspace(
    values: dict[str, Any], rules: Sequence[SchemaRule] = (), environment: UUID = BASE
) -> WorkspaceState:
    """Return base <- staging, prod, other, with values in one of them."""
    topology = Topology(
        [
            Environment(BASE, "base", None, requires_approval=False),
            Environment(STAGING, "staging", BASE, requires_approval=False),
            Environment(PROD, "prod", BASE, requires_approval=False),
            Environment(OTHER, "other", BASE, requires_approval=False),
        ]
    )
    cells = {key: Cell(encode(it), ACTIVE, 1, 1, secret=False) for key, it in values.items()}
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    state = WorkspaceState(new_id(), 1, moment, topology, {environment: cells}, rules=list(rules))
    at_once(state.settle())
    return state


def put(values: dict[str, Any], environment: UUID = PROD) -> list[Edit]:
    return [Edit(environment, key, SET, encode(value)) for key, value in values.items()]


def reviewed(
    state: WorkspaceState, edits: Sequence[Edit], policies: Sequence[Policy] = ()
) -> Examined:
    return at_once(examining(SYSTEM_CALLER, state, edits, {}, policies))


def rules_of(examined: Examined) -> dict[str, str]:
    return {it.rule: it.severity for it in examined.findings}


def test_a_list_that_moved_up_is_compared_quickly() -> None:
    """Each item is looked at once, however long the list."""
    items = [f"item {number}" for number in range(20_000)]
    began = time.perf_counter()
    found = [it for it in steps(items, items[1:]) if it]
    assert [it.before for it in found] == ["item 0"]
    assert time.perf_counter() - began < SOON / 10
    assert len([it for it in steps(["a"], ["a", "a"]) if it]) == 1


def test_a_large_document_holds_nobody_up() -> None:
    """It is read once, not once a leaf and environment; and in small steps."""
    names = [f"name {number:05}" for number in range(20_000)]
    state = workspace({"document": dict.fromkeys(names, "x" * 30)})
    edits = put({"document": dict.fromkeys(names, "y" * 30)}, BASE)
    began = last = time.perf_counter()
    longest = 0.0
    for _ in examining(SYSTEM_CALLER, state, edits, {}):
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    assert last - began < SOON
    assert longest < STEP


def test_padding_hides_nothing_in_a_document() -> None:
    """What was not looked at is said to be so, is high, and counts as not looked at."""
    filler = {f"filler {number}": number for number in range(20_000)}
    state = workspace({"app": {"tls": {"verify": True}}, "more": 1})
    found = reviewed(state, put({"app": {**filler, "tls": {"verify": False}}, "more": 2}))
    assert (found.looked_at, found.changes) == (1, 2)
    assert rules_of(found)["unreviewed"] == "high"
    (told,) = [it for it in found.findings if it.rule == "unreviewed"]
    assert (told.environment, told.key) == ("prod", "app")
    few = dict(list(filler.items())[: MOST_LEAVES - 1])
    whole = reviewed(state, put({"app": {**few, "tls": {"verify": False}}}))
    assert (whole.looked_at, rules_of(whole)) == (1, {"protection-off": "critical"})


def test_many_large_documents_come_to_an_end() -> None:
    """The parts that are looked at are limited in all."""
    state = workspace({})
    values = {f"d/{each}": {f"n {number}": number for number in range(1900)} for each in range(20)}
    found = reviewed(state, put(values))
    assert 0 < found.looked_at < found.changes == 20
    assert rules_of(found)["unreviewed"] == "high"


def test_what_the_workspace_asks_for_is_looked_at_everywhere() -> None:
    """Policies, rules and removals, also beyond what is looked at in detail."""
    rule = SchemaRule(new_id(), "ports", "zzz/port", '{"type": "integer"}', "enforce")
    state = workspace({"zzz/gone": 1}, [rule], PROD)
    edits = put({f"filler/{number:05}": number for number in range(MOST + 1)})
    edits += put({"zzz/pay": 1, "zzz/port": "eighty"})
    edits.append(Edit(PROD, "zzz/gone", REMOVE))
    found = reviewed(state, edits, [Policy(name="pay", pattern="zzz/pay", severity="critical")])
    assert found.looked_at < found.changes
    assert rules_of(found) == {
        "policy": "critical",
        "schema": "critical",
        "unreviewed": "high",
        "removed": "low",
    }


def test_the_order_of_parts_is_that_of_the_document() -> None:
    """Not that of hashes, which differ from process to process."""
    code = (
        "from central_config.assistant.model.reviews.leaves import steps;"
        "before = {f'k{i}': 1 for i in range(50)}; after = {f'k{i}': 2 for i in range(99)};"
        "print([it.pointer for it in steps(before, after)])"
    )
    expected = str([f"/k{number}" for number in range(99)])
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert run.stdout.strip() == expected


def finding(rule: str, source: str, environment: str, severity: Severity, words: str) -> Finding:
    return Finding(
        rule=rule,
        source=source,
        environment=environment,
        severity=severity,
        key="a",
        evidence=words,
        advice=words,
    )


def test_what_is_told_together_is_the_same() -> None:
    """Two policies, or two rules that are broken, are two findings; heirs are one."""
    policies = [finding("policy", name, "prod", "medium", name) for name in ("ask Eve", "ask Bob")]
    assert {it.advice for it in at_once(merging(policies))} == {"ask Eve", "ask Bob"}
    broken = [finding("schema", "r", "prod", "medium", words) for words in ("short", "odd")]
    broken += [finding("schema", "r", "staging", "medium", "odd")]
    told = {it.evidence: it.also for it in at_once(merging(broken))}
    assert told == {"short": (), "odd": ("staging",)}
    elsewhere = [
        finding("policy", "one", "prod", "low", "one"),
        finding("policy", "two", "staging", "high", "two"),
    ]
    assert all(not it.also for it in at_once(merging(elsewhere)))
    heirs = [finding("localhost", "", "staging", "low", "x")]
    heirs += [finding("localhost", "", "prod", "high", "y")]
    (one,) = at_once(merging(heirs))
    assert (one.environment, one.also, risk_of([one])) == ("prod", ("staging",), "high")
    same = [finding("localhost", "", "prod", "low", words) for words in ("x", "y")]
    assert len(at_once(merging(same))) == 2


def test_two_policies_on_one_key_are_both_told() -> None:
    """Each with its own advice."""
    policies = [
        Policy(name=name, pattern="pay/*", severity="high", advice=name) for name in ("Eve", "Bob")
    ]
    found = reviewed(workspace({}), put({"pay/limit": 1}), policies)
    assert {it.advice for it in found.findings} == {"Eve", "Bob"}


@pytest.mark.parametrize(
    "text",
    [
        "your-" + "a_" * 90,
        "x " + " " * 300_000 + "y",
        "{{" * 200_000,
        "%(" * 200_000,
    ],
    ids=["your", "blanks", "braces", "percent"],
)
def test_no_text_takes_for_ever(text: str) -> None:
    """Patterns go through a text once."""
    began = time.perf_counter()
    list(examine(leaf("note", text)))
    placeheld(text)
    assert time.perf_counter() - began < SOON / 4


def test_a_large_value_is_quoted_by_its_size() -> None:
    """Whether one of its members is a secret would take long to find out."""
    assert quoted("x", list(range(1000))) == "a list of 1000 members"
    assert quoted("x", {str(each): 1 for each in range(99)}) == "an object of 99 members"
