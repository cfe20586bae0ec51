"""An answer is right when it finds what a gold plan finds, and only then."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from bench.ai.place import company_at
from bench.ai.questions import Kind, Question
from bench.ai.running import Runner
from bench.ai.scoring import Given, Outcome, score
from bench.ai.tiers import enlarged

from central_config.assistant.model.plans import Plan, unsupported

POOLS = Plan(intent="find", environments=("prod-eu",), words=("pool-size",))
DIFFERENCES = Plan(intent="compare", environments=("staging", "prod-eu"), prefix="payment/")
NEWER = Plan(intent="changes", author="bjorn", since="2026-03-01T00:00:00Z")


@pytest.fixture
async def runner(database_url: str) -> AsyncIterator[Runner]:
    async with company_at(database_url) as company:
        large = enlarged(await company.vocabularies.of(company.loaded.asker), 1000)
        assert len(large.keys) == 1000
        yield Runner(company.executing, company.loaded.asker, company.loaded.now)


def _question(*gold: Plan, kind: Kind = "plain") -> Question:
    return Question(id="x", question="?", kind=kind, gold=gold)


async def _outcome(runner: Runner, question: Question, plan: Plan | None) -> Outcome:
    return (await score(question, Given(plan, "parser", 0.0), runner)).outcome


@pytest.mark.anyio
async def test_answers_are_judged_by_what_they_find(runner: Runner) -> None:
    cases: list[tuple[Plan, Plan | None, Outcome]] = [
        # The same rows, found in other ways.
        (
            POOLS,
            Plan(intent="find", environments=("prod-eu",), words=("database", "size")),
            "right",
        ),
        (POOLS, Plan(intent="find", environments=("prod-eu",), words=("pool",)), "wrong"),
        (POOLS, Plan(intent="find", environments=("prod-us",), words=("pool-size",)), "wrong"),
        (POOLS, Plan(intent="find", words=("pool-size",)), "wrong"),
        (POOLS, Plan(intent="changes", words=("pool-size",)), "wrong"),
        (POOLS, None, "refused"),
        (POOLS, unsupported("unclear"), "refused"),
        # The other way round says the same; only half of it does not.
        (DIFFERENCES, _turned(DIFFERENCES), "right"),
        (DIFFERENCES, _plus(DIFFERENCES, kinds=("changed",)), "wrong"),
        (
            _plus(DIFFERENCES, kinds=("added",)),
            _plus(_turned(DIFFERENCES), kinds=("removed",)),
            "right",
        ),
        (_plus(DIFFERENCES, kinds=("added",)), _plus(DIFFERENCES, kinds=("removed",)), "wrong"),
        # A number, and the list that has as many rows; but a number is no list.
        (_plus(NEWER, count=True), NEWER, "right"),
        (_plus(NEWER, count=True), _plus(NEWER, author="anna"), "wrong"),
        (NEWER, _plus(NEWER, count=True), "wrong"),
        # The first rows of a long list are not the list.
        (Plan(intent="find"), Plan(intent="find", limit=1000), "wrong"),
        (_plus(NEWER, limit=2), NEWER, "wrong"),
        # What cannot be run is no answer.
        (POOLS, Plan(intent="find", environments=("nowhere",)), "wrong"),
        (DIFFERENCES, Plan(intent="compare", environments=("staging",)), "wrong"),
        (unsupported("write"), unsupported("outside"), "right"),
        (unsupported("write"), None, "right"),
        (unsupported("write"), POOLS, "wrong"),
    ]
    for gold, plan, expected in cases:
        assert await _outcome(runner, _question(gold), plan) == expected, (gold, plan)


@pytest.mark.anyio
async def test_any_reading_of_an_ambiguous_question_is_right(runner: Runner) -> None:
    question = _question(POOLS, NEWER, unsupported("unclear"), kind="ambiguous")
    assert await _outcome(runner, question, NEWER) == "right"
    assert await _outcome(runner, question, None) == "right"
    assert await _outcome(runner, question, DIFFERENCES) == "wrong"


def _plus(plan: Plan, **values: object) -> Plan:
    return msgspec.structs.replace(plan, **values)


def _turned(plan: Plan) -> Plan:
    return _plus(plan, environments=tuple(reversed(plan.environments)))
