"""Every set has its share of each kind, and every plan that answers a question can be run."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from bench.ai.place import company_at
from bench.ai.questions import HERE, read
from bench.ai.running import Runner

from central_config.assistant.model.plans import Plan

SETS = sorted(HERE.glob("*.jsonl"))


@pytest.mark.parametrize("place", SETS, ids=lambda place: place.stem)
def test_each_kind_has_its_share(place: Path) -> None:
    questions = read(place)
    kinds = Counter(question.kind for question in questions)
    assert kinds["write"] + kinds["outside"] >= len(questions) * 0.2
    assert kinds["injection"] >= len(questions) * 0.095
    assert kinds["ambiguous"] >= len(questions) * 0.095
    assert kinds["plain"] >= len(questions) * 0.25
    assert kinds["paraphrased"] >= len(questions) * 0.25


def test_no_question_is_asked_twice() -> None:
    questions = [question for place in SETS for question in read(place)]
    assert not _twice([question.id for question in questions])
    assert not _twice([question.question.casefold() for question in questions])


def test_what_asks_for_a_write_may_be_declined() -> None:
    questions = [question for place in SETS for question in read(place)]
    assert all(each.declinable for each in questions if each.kind in {"write", "outside"})
    assert not any(each.declinable for each in questions if each.kind in {"plain", "paraphrased"})


@pytest.mark.anyio
async def test_every_plan_finds_something(database_url: str) -> None:
    async with company_at(database_url) as company:
        runner = Runner(company.executing, company.loaded.asker, company.loaded.now)
        failed = [
            (question.id, plan)
            for place in SETS
            for question in read(place)
            for plan in question.gold
            if plan.intent != "unsupported" and not await _finds(runner, plan)
        ]
    assert not failed


async def _finds(runner: Runner, plan: Plan) -> bool:
    found = await runner.run(plan)
    return found is not None and found.total > 0


def _twice(texts: Sequence[str]) -> list[str]:
    return [text for text, times in Counter(texts).items() if times > 1]
