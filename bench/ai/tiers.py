"""Who is asked: the parser by itself, and the whole of it with a model behind."""

import asyncio
import time
from datetime import datetime
from typing import Protocol

from bench.ai.questions import Question
from bench.ai.scoring import Given
from bench.processes import BenchError
from central_config.access.model import Caller
from central_config.assistant.model.language.vocabulary import Vocabulary
from central_config.assistant.model.plans import unsupported
from central_config.assistant.model.questions import guard, parse
from central_config.assistant.service.asking import Asking

# Who "answered" where a model was needed and gave nothing within its time.
AWAY = "nobody: the model was away"
# What no parser can explain.
_ONLY_A_MODEL = "which zorgs does the flurb have in base, roughly?"
_WARM_WITHIN, _AGAIN = 300.0, 5.0  # seconds


class Tier(Protocol):
    """Gives plans for questions."""

    name: str

    async def ask(self, question: Question) -> Given:
        """Return what it gives, and how long that took."""
        ...


class ParserAlone:
    """Guard and parser, as the service asks them; no database, no model."""

    name = "parser"

    def __init__(self, vocabulary: Vocabulary, now: datetime) -> None:
        self._vocabulary = vocabulary
        self._now = now

    async def ask(self, question: Question) -> Given:
        """Return the parser's plan, None where it cannot explain every word."""
        began = time.perf_counter()
        reason = guard(question.question)
        if reason is not None:
            return Given(unsupported(reason), "guard", time.perf_counter() - began)
        parsed = parse(question.question, self._vocabulary, self._now, question.environment)
        return Given(parsed.plan, "parser", time.perf_counter() - began)


class Cascade:
    """The service's own answer: guard, parser, model, checker."""

    name = "cascade"

    def __init__(self, asking: Asking, caller: Caller) -> None:
        self._asking = asking
        self._caller = caller

    async def warm(self) -> None:
        """Wait until the model is loaded and has read what all questions have in common.

        Raises:
            BenchError: it does not answer.
        """
        until = time.monotonic() + _WARM_WITHIN
        while True:
            answer = await self._asking.ask(self._caller, _ONLY_A_MODEL)
            if answer.planned.away is None:
                return
            if time.monotonic() > until:
                raise BenchError(f"the model gives no answer: {answer.planned.away}")
            await asyncio.sleep(_AGAIN)

    async def ask(self, question: Question) -> Given:
        """Return the plan that was run, and who made it."""
        began = time.perf_counter()
        answer = await self._asking.ask(self._caller, question.question, question.environment)
        seconds = time.perf_counter() - began
        planned = answer.planned
        by = planned.author if planned.away is None else AWAY
        return Given(planned.plan, by, seconds)


def enlarged(vocabulary: Vocabulary, keys: int) -> Vocabulary:
    """Return the words of a company that has so many keys, most of them much like the others."""
    own = list(vocabulary.keys)
    more = [f"tenant{number // len(own)}/{own[number % len(own)]}" for number in range(keys)]
    return Vocabulary(
        environments=vocabulary.environments,
        parents=vocabulary.parents,
        users=vocabulary.users,
        keys=sorted([*own, *more])[:keys] if keys > len(own) else own,
        synonyms=vocabulary.synonyms,
        values=vocabulary.is_value,
        version="enlarged",
    )
