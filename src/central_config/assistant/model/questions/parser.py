"""From a question to a plan, or to the words that nothing explains."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

import msgspec

from central_config.assistant.model.language.vocabulary import Vocabulary
from central_config.assistant.model.plans import Plan
from central_config.assistant.model.questions.assembly import plan_of
from central_config.assistant.model.questions.clauses import CUE, Clause
from central_config.assistant.model.questions.cover import cheapest
from central_config.assistant.model.questions.cues import clauses as cues
from central_config.assistant.model.questions.draft import DisagreeError, Draft
from central_config.assistant.model.questions.phrases import clauses as names
from central_config.assistant.model.questions.places import clauses as places
from central_config.assistant.model.questions.text import LONGEST, Text, read
from central_config.assistant.model.questions.times import clauses as periods
from central_config.assistant.model.questions.values import clauses as values


class Parsed(msgspec.Struct, frozen=True):
    """What the parser understood.

    Attributes:
        plan: what is asked for; None if any word is left unexplained or the words do not agree.
        unexplained: the words that stand in the way, as far as they are known.
    """

    plan: Plan | None
    unexplained: tuple[str, ...] = ()


def parse(
    question: str, vocabulary: Vocabulary, now: datetime, environment: str | None = None
) -> Parsed:
    """Return the plan of a question of which every word is understood.

    Args:
        question: as asked.
        vocabulary: the words of the tenant, for the caller.
        now: what times are relative to, UTC.
        environment: where the caller is looking when the question names no environment.
    """
    if len(question) > LONGEST:
        return Parsed(None)
    text = read(question)
    rows = cheapest(text, offered(text, vocabulary, now))
    for row in rows:
        unknown = tuple(
            str(value) for clause in row for slot, value in clause.means if slot == "unknown"
        )
        if unknown:
            return Parsed(None, unknown)
        with suppress(DisagreeError):
            return Parsed(plan_of(Draft(row, vocabulary, now, environment)))
    return Parsed(None)


def offered(text: Text, vocabulary: Vocabulary, now: datetime) -> Iterator[Clause]:
    """Yield everything that tokens of a question may mean."""
    yield from cues(text, vocabulary.index)
    yield from values(text, vocabulary)
    yield from names(text, vocabulary)
    yield from places(text, vocabulary)
    for start, end, period, _ in periods(text, now):
        yield Clause(start, end, CUE, (("period", period),))
