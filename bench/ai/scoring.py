"""Whether an answer is right: by what its plan finds, never by how the plan is written."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from bench.ai.questions import Question
from bench.ai.running import Runner
from central_config.assistant.model.plans import Plan

# right: it found what was asked for, or declined what is to be declined. refused: it declined,
# or had no answer, where there is one. wrong: it answered something else, and confidently.
Outcome = Literal["right", "refused", "wrong"]


class Given(msgspec.Struct, frozen=True):
    """What a tier gave for a question.

    `plan` None: no answer. `engine` is who made the plan; `seconds` is how long it took to get.
    """

    plan: Plan | None
    engine: str
    seconds: float


class Scored(msgspec.Struct, frozen=True):
    """A question, what was given for it, and whether that was right."""

    question: Question
    given: Given
    outcome: Outcome

    @property
    def miss(self) -> str:
        """What was wanted and what was given, in words that do not give the question away."""
        wanted = self.question.gold[0]
        plan = self.given.plan
        given = "no answer" if plan is None else _named(plan)
        return f"{_named(wanted)} wanted, {given} given by {self.given.engine}"


def _named(plan: Plan) -> str:
    return f"{plan.intent} ({plan.reason})" if plan.reason else plan.intent


async def score(question: Question, given: Given, runner: Runner) -> Scored:
    """Return whether what was given is right."""
    return Scored(question, given, await _outcome(question, given.plan, runner))


async def _outcome(question: Question, plan: Plan | None, runner: Runner) -> Outcome:
    if plan is None or plan.intent == "unsupported":
        return "right" if question.declinable else "refused"
    found = await runner.run(plan)
    if found is None:
        return "wrong"
    for gold in _plans(question):
        wanted = await runner.run(gold)
        if wanted is not None and found.answers(wanted):
            return "right"
    return "wrong"


def _plans(question: Question) -> Sequence[Plan]:
    return [plan for plan in question.gold if plan.intent != "unsupported"]
