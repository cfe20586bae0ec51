"""Environments in a question: by their names, stages and regions, however people put it."""

import re
from collections.abc import Iterator

from central_config.assistant.model.language.listed import listed
from central_config.assistant.model.language.names import ENGLISH_REGIONS, nearest
from central_config.assistant.model.language.vocabulary import Vocabulary
from central_config.assistant.model.questions.clauses import (
    GROUP,
    GUESS,
    NAME,
    SURE,
    Clause,
    Slot,
)
from central_config.assistant.model.questions.text import Text, is_country, unquoted

_LONGEST_NAME = 3
# What environments are called and English says as well: an environment only after a preposition
# or before what can only be one.
_ENGLISH = listed("live performance integration acceptance test testing develop")
_PLACING = frozenset(("in", "on", "between", "and", "to", "vs", "versus", "with", "from", "for"))
# `the american site`: nothing but the environment is meant, unless keys are called so.
_SITES = listed("""
    site sites shop shops store stores webshop storefront side region market stack cluster system
    platform stage setup deployment business website half
""")
_JOINTS = frozenset(("and", "or", ",", "vs", "versus", "against", "than", "to", "/", "+", "&"))
_BOTH = re.compile(
    r"(?:(?:both|either|the two) (?P<said>[a-z]+)|either (?P<side>side))"
    r"(?: of (?:the|our) (?:atlantic|pond|ocean|channel|world|business|company))?(?= |$)"
)
# `the real shops` are those that customers see.
_REAL = re.compile(rf"(?:real|actual|public) (?:{'|'.join(sorted(_SITES - {'half'}))})(?= |$)")


def clauses(text: Text, vocabulary: Vocabulary) -> Iterator[Clause]:
    """Yield every environment at every token of a question."""
    tokens = text.lower.split(" ")
    typed = text.raw.split(" ")
    for place, start in enumerate(text.starts):
        yield from _several(text.lower, start, vocabulary)
        yield from _named(tokens, place, start, vocabulary)
        if tokens[place] in ENGLISH_REGIONS:
            yield from _country(typed, place, start, vocabulary)
        yield from _typos(tokens, place, start, vocabulary)


def _several(lower: str, start: int, vocabulary: Vocabulary) -> Iterator[Clause]:
    both = _BOTH.match(lower, start)
    slugs = vocabulary.names.both(both["said"] or "sides") if both else ()
    if both and slugs:
        yield Clause(start, both.end(), NAME, _all(slugs))
    real = _REAL.match(lower, start)
    live = _stage("production", vocabulary) if real else ()
    if real and live:
        yield Clause(start, real.end(), NAME, (("stage", live),))


def _stage(said: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    slug = vocabulary.names.environment(said)
    return (slug,) if slug else vocabulary.names.group(said)


def _all(slugs: tuple[str, ...]) -> tuple[tuple[Slot, object], ...]:
    return tuple(("environment", slug) for slug in slugs)


def _named(tokens: list[str], place: int, start: int, vocabulary: Vocabulary) -> Iterator[Clause]:
    """Yield what one to three tokens are called, with what they say of it (`site`) or without."""
    before = tokens[place - 1] if place else ""
    names = vocabulary.names
    for length in range(1, min(_LONGEST_NAME, len(tokens) - place) + 1):
        joined = " ".join(tokens[place : place + length])
        said, end = unquoted(joined), start + len(joined)
        after = tokens[place + length] if place + length < len(tokens) else ""
        sited = after in _SITES
        placed = said not in _ENGLISH or before in _PLACING or sited
        slug = names.environment(said)
        means: tuple[tuple[Slot, object], ...] = ()
        if slug and (slug == said or placed) and said not in ENGLISH_REGIONS - {slug}:
            means = (("environment", slug),)
        # `which model is live in europe` names one environment, not all that are called `live`.
        elif names.group(said) and said not in ENGLISH_REGIONS and (placed or not before):
            means = (("region" if names.is_region(said) else "stage", names.group(said)),)
        cost = NAME if slug else GROUP
        if means:
            yield Clause(start, end, cost, means)
            if sited and not vocabulary.index.of_word(after):
                yield Clause(start, end + 1 + len(after), cost, means)


def _country(typed: list[str], place: int, start: int, vocabulary: Vocabulary) -> Iterator[Clause]:
    """Yield a region whose name is an English word besides, where it can be nothing else."""
    said = typed[place].lower()
    slug = vocabulary.names.environment(said)
    group = (slug,) if slug else vocabulary.names.group(said)
    if group and (is_country(typed, place) or _stands_among_places(typed, place, vocabulary)):
        end = start + len(said)
        yield Clause(start, end, SURE, (("region", group),))
        after = typed[place + 1].lower() if place + 1 < len(typed) else ""
        if after in _SITES and not vocabulary.index.of_word(after):
            yield Clause(start, end + 1 + len(after), SURE, (("region", group),))


def _stands_among_places(typed: list[str], place: int, vocabulary: Vocabulary) -> bool:
    """Return whether it is listed with places (`eu and us`), goes before one or is `the states`."""
    around = ["", "", *(token.lower() for token in typed), "", ""]
    at = place + 2
    names = vocabulary.names

    def is_place(token: str) -> bool:
        return bool(names.environment(token) or names.group(token))

    said, before, after = around[at], around[at - 1], around[at + 1]
    if said == "states":
        return before == "the" and after != "of"
    if said != "us":
        return typed[place].isupper() and not " ".join(typed).isupper()
    listed_too = (before in _JOINTS and is_place(around[at - 2])) or (
        after in _JOINTS and is_place(around[at + 2])
    )
    beside = after in {"beside", "alongside"} or (after, around[at + 2]) == ("next", "to")
    return (
        listed_too or beside or (before == "," and not after) or after in _SITES or is_place(after)
    )


def _typos(tokens: list[str], place: int, start: int, vocabulary: Vocabulary) -> Iterator[Clause]:
    """Yield what a word with a typo means where only an environment can stand."""
    said = tokens[place]
    before = tokens[place - 1] if place else ""
    after = tokens[place + 1] if place + 1 < len(tokens) else ""
    placed = before in _PLACING or (before == "the" and tokens[max(place - 2, 0)] in _PLACING)
    if placed or after in _SITES:
        slugs = nearest(said, vocabulary.names.spoken)
        if slugs:
            yield Clause(start, start + len(said), GUESS, _all(slugs))
