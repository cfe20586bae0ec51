"""Which side of two environments a question is about: the heir, the parent, or who lacks what."""

import re
from typing import cast

from central_config.assistant.model.planning.facts import Facts

# Behind the name of an environment: `would the us be missing`, not `missing in the us`.
_LACKING = re.compile(
    r"(?:(?:would|will|does|do|is|are|be|still|not|currently|have) )*(?:missing|lacks?|lacking"
    r"|without)"
    r"\b(?! (?:in|on|from|at)\b)"
)
_WORKING = re.compile(r"\bworks?(?:ing)? (?:\S+ ){0,3}but not\b")
# Before the name of a parent: `nothing from base`, `rather than taken over from base`.
_NOT_FROM = re.compile(
    r"(?:nothing|none|not|no|instead of|rather than|without|never)\b(?: \S+){0,4} from (?:the )?$"
)
_FROM = re.compile(
    r"(?:inherit\w*|t(?:ake|akes|aken|aking|ook)|(?:pass|hand)ed|gets?|got|com(?:e|es|ing)|straight)"
    r"\b(?: \S+){0,4} from (?:the )?$"
)
# `Does it set it or inherit it?`
_EITHER = re.compile(
    r"\b(?:own|itself|overrid\w*|sets?)\b.* or .*\binherit|\binherit.* or .*"
    r"\b(?:own|itself|overrid\w*|sets?)\b"
)


def heir(facts: Facts) -> tuple[str, str] | None:
    """Return the environment that is named with its parent, and that parent."""
    parents = facts.vocabulary.parents
    named = facts.environments
    pairs = ((one, parents.get(one)) for one in named)
    return next(((one, up) for one, up in pairs if up is not None and up in named), None)


def from_parent(facts: Facts) -> bool | None:
    """Return whether what comes from the parent that is named is meant (true), or the rest.

    None: the question says neither.
    """
    pair = heir(facts)
    if pair is None:
        return None
    before = facts.lower[: facts.lower.rfind(pair[1])]
    if _NOT_FROM.search(before):
        return False
    return True if _FROM.search(before) and not facts.hints_at("compare") else None


def own_or_inherited(facts: Facts) -> bool:
    """Return whether it asks which of both it is."""
    return _EITHER.search(facts.lower) is not None


def lacking(facts: Facts) -> str | None:
    """Return the environment that is said to lack something: `would the us be missing`."""
    for clause in facts.clauses:
        if not any(slot in {"environment", "region", "stage"} for slot, _ in clause.means):
            continue
        said = [slug for _, value in clause.means for slug in _slugs(value)]
        named = [slug for slug in facts.environments if slug in said]
        if len(named) == 1 and _LACKING.match(facts.lower, clause.end + 1):
            return named[0]
    return None


def works_elsewhere(facts: Facts) -> bool:
    """Return whether something works in one place but not in another, which is no lack of a key."""
    return _WORKING.search(facts.lower) is not None


def _slugs(value: object) -> tuple[str, ...]:
    """Return the environments that a clause names: one, or all of a region."""
    if isinstance(value, tuple):
        return tuple(str(each) for each in cast("tuple[object, ...]", value))
    return (str(value),)
