"""How a question becomes an answer: rules first, then the parser, and only then the model.

Each stage hands on what it could not do. None of them does anything but write a plan; what the
plan may find is decided where it is run (`service.executing`).
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from central_config.access.model import Caller
from central_config.assistant.model.language.vocabulary import Vocabulary
from central_config.assistant.model.plans import Plan, meant, unsupported
from central_config.assistant.model.questions import Parsed, guard, parse
from central_config.assistant.model.rows import Rows
from central_config.assistant.model.wording import sentence
from central_config.assistant.service.engine import EngineAwayError
from central_config.assistant.service.executing import Executing, with_notes
from central_config.assistant.service.vocabularies import Vocabularies
from central_config.core.clock import Clock
from central_config.core.problems import Problem

# Who wrote the plan: our own rules, the model, nobody (it was not understood), or a person.
Author = Literal["parser", "llm", "none", "edited"]

# From so many keys on, parsing may take longer than others should wait for their turn.
_MANY_KEYS = 2_000
# What is wrong with a plan rather than with the service that runs it.
_FAULTS_OF_PLANS = frozenset({"invalid-request", "environment-not-found"})
_COMBINED = (
    "every word is known, but not in this combination; ask it in other words, or in parts"
    " (`who changed db/host in prod since monday?`, `what differs between staging and prod?`)"
)


class Planned(msgspec.Struct, frozen=True):
    """A plan, who wrote it, and what was changed in it or left out.

    `away`: why the model, which was needed, could not be asked.
    """

    plan: Plan
    author: Author
    notes: tuple[str, ...] = ()
    away: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """What was understood, and what was found.

    `question` is "" where a plan was handed in.
    """

    question: str
    planned: Planned
    rows: Rows

    @property
    def words(self) -> str:
        """What the plan does, in one sentence."""
        return sentence(self.planned.plan)


class Planners(Protocol):
    """Has a model write plans."""

    async def plan(
        self,
        caller: Caller,
        question: str,
        vocabulary: Vocabulary,
        now: datetime,
        environment: str | None,
    ) -> tuple[Plan, Sequence[str]]:
        """Return a plan that was checked against facts, and what was changed in it.

        Raises:
            EngineAwayError: no model answers.
        """
        ...


class Asking:
    """Answers questions of callers."""

    def __init__(
        self, vocabularies: Vocabularies, planners: Planners, executing: Executing, clock: Clock
    ) -> None:
        self._vocabularies = vocabularies
        self._planners = planners
        self._executing = executing
        self._clock = clock

    async def ask(self, caller: Caller, question: str, environment: str | None = None) -> Answer:
        """Answer a question; `environment` is where the caller is looking, if it names none.

        Raises:
            Problem: `environment-not-found` for one the caller may not see.
        """
        now = self._clock.now()
        planned = await self._planned(caller, question, environment, now)
        try:
            rows = await self._executing.run(caller, planned.plan, now)
        except Problem as problem:
            if planned.author != "llm" or problem.code not in _FAULTS_OF_PLANS:
                raise
            # A model may leave out what its plan needs: then it has not understood.
            note = f"the plan could not be run: {problem.detail}"
            planned, rows = Planned(unsupported("unclear"), "llm", (note,)), Rows()
        ran = msgspec.structs.replace(planned, plan=meant(planned.plan))
        return Answer(question, ran, with_notes(rows, planned.notes))

    async def run(self, caller: Caller, plan: Plan) -> Answer:
        """Run a plan that a person wrote or edited.

        Raises:
            Problem: `environment-not-found`, or `invalid-request` for a plan that lacks something.
        """
        rows = await self._executing.run(caller, plan, self._clock.now())
        return Answer("", Planned(meant(plan), "edited"), rows)

    async def _planned(
        self, caller: Caller, question: str, environment: str | None, now: datetime
    ) -> Planned:
        refused = guard(question)
        if refused is not None:
            return Planned(unsupported(refused), "parser")
        vocabulary = await self._vocabularies.of(caller, environment)
        if environment is not None and environment not in vocabulary.environments:
            detail = f"there is no environment {environment!r} here"
            raise Problem("environment-not-found", detail)
        parsed = await _parsed(question, vocabulary, now, environment)
        if parsed.plan is not None:
            return Planned(parsed.plan, "parser")
        try:
            plan, notes = await self._planners.plan(caller, question, vocabulary, now, environment)
        except EngineAwayError as error:
            return Planned(unsupported("unclear"), "none", _unknown(parsed), error.reason)
        return Planned(plan, "llm", tuple(notes))


async def _parsed(
    question: str, vocabulary: Vocabulary, now: datetime, environment: str | None
) -> Parsed:
    if len(vocabulary.keys) < _MANY_KEYS:
        return parse(question, vocabulary, now, environment)
    return await asyncio.to_thread(parse, question, vocabulary, now, environment)


def _unknown(parsed: Parsed) -> tuple[str, ...]:
    if not parsed.unexplained:
        return (_COMBINED,)
    return (f"not understood without the model: {', '.join(parsed.unexplained)}",)
