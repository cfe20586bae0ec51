"""What stands in a question as a value, though it does not say so: where values stand, they are."""

import re

from central_config.assistant.model.planning.facts import CLOSING, FILLING, Facts

# Behind these stands what a value is or holds: `which are on debug`, `what still says sandbox`.
_BEFORE_VALUES = frozenset(
    ("on", "at", "to", "is", "are", "as", "still", "plain", "with", "says", "say", "equals", "=")
)
_BEFORE_PARTS = frozenset(("says", "say", "saying", "reads", "mentions", "mention", "spells"))
_CONTRAST = re.compile(r"\b(?:instead of|rather than)\b")


def stands_as_value(facts: Facts, value: str) -> bool:
    """Return whether it stands where values do: `on debug`, `still 5433`, any `http://`."""
    small = value.lower()
    # Nobody says `http://` or `verify-full` of anything else.
    if "://" in small or (re.search(r"\w[-_.]\w", small) and facts.says("bare_value")):
        return True
    spoken = zip(("", "", *facts.tokens), ("", *facts.tokens), facts.tokens, strict=False)
    index = facts.vocabulary.index
    return any(
        token == small
        # `on port 5433`, `as plain text`: the key may be named between.
        and (before in _BEFORE_VALUES or (first in _BEFORE_VALUES and index.of_word(before)))
        for first, before, token in spoken
    )


def contrasted(facts: Facts) -> str | None:
    """Return the value that is set against another: `as text instead of json`."""
    found = _CONTRAST.search(facts.lower)
    if found is None:
        return None
    against = facts.lower[found.end() + 1 :].split(" ")
    known = facts.vocabulary.is_value
    said = [word for word in facts.lower[: found.start()].split(" ") if known(word)]
    stands = [word for word in said if stands_as_value(facts, word)]
    fits = bool(against) and (known(against[0]) or against[0] == "the")
    return stands[-1] if fits and stands and stands[-1] not in against[:1] else None


def goes_on(facts: Facts, value: str) -> bool:
    """Return whether a word is no value as it only describes the next: `to manual review`."""
    small = value.lower()
    if not small.isalpha() or small not in facts.tokens:
        return False
    pairs = zip(facts.tokens, (*facts.tokens[1:], ""), strict=False)
    index = facts.vocabulary.index
    return any(
        token == small
        and after not in CLOSING
        and after.isalpha()
        and not index.of_word(small)
        and not facts.vocabulary.names.environment(after)
        for token, after in pairs
    )


def part(facts: Facts) -> str | None:
    """Return what values are said to hold: `what still says sandbox`."""
    spoken = zip(facts.tokens, facts.tokens[1:], strict=False)
    for before, token in spoken:
        if before in _BEFORE_PARTS and (token in facts.unknown or not facts.readings):
            return token if len(token) > 2 and token not in FILLING else None  # noqa: PLR2004
    return None
