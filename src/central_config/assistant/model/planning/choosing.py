"""The keys a question is about where it does not name them: those for which the most speaks."""

import re
from collections.abc import Sequence

from central_config.assistant.model.language.key_index import stem
from central_config.assistant.model.language.listed import listed
from central_config.assistant.model.planning.evidence import Evidence
from central_config.assistant.model.planning.facts import Facts

# Who says one of these wants several.
_SEVERAL = listed("""
    setting settings options knobs keys values things everything anything parameters config
    configuration configurations configs
""")
# More keys than that are no answer to a question about something in particular.
_MOST = 40
# One thing said may be said of many keys; of one only two things together are.
_ENOUGH = 2
# So many keys make a service, if they are most of those that have its name in them.
_SERVICE, _MOSTLY = 5, 0.6


def one_key(evidence: Evidence, facts: Facts, *, literally: bool = False) -> int | None:
    """Return the place of the only key that is meant, or None if none or several may be.

    `literally`: only by words that keys have.
    """
    if literally:
        evidence = evidence.literal
    best = evidence.best
    if not _SEVERAL.isdisjoint(facts.tokens):
        return None
    if len(best) > 1:
        best = [place for place in best if evidence.is_whole(place)]
    if len(best) != 1 or not any(item.named for item in evidence.items):
        return None
    (place,) = best
    said = " ".join(item.said for item in evidence.items if item.named).split()
    enough = len(evidence.words(place)) >= _ENOUGH or len(said) >= _ENOUGH
    enough = enough and evidence.is_said(place)
    return place if enough else None


def several_keys(
    evidence: Evidence, keys: Sequence[str], *, literally: bool = False
) -> tuple[str, ...]:
    """Return the words that the keys for which the most speaks have in common, and no others."""
    if literally:
        evidence = evidence.literal
    best = evidence.best
    if not 1 < len(best) <= _MOST or not any(item.named for item in evidence.items):
        return ()
    if len(evidence.items) < _ENOUGH and not evidence.items[0].own:
        return ()
    common = set(evidence.words(best[0])).intersection(*map(evidence.words, best[1:]))
    held = [key for key in keys if all(word in key.lower() for word in common)]
    return tuple(sorted(common)) if common and len(held) == len(best) else ()


def service(word: str, keys: Sequence[str]) -> str | None:
    """Return the beginning of the keys of a service that is called so, if there is one."""
    held = [key for key in keys if word in key.lower()]
    below = [key for key in held if _first(key).lower() in (word, stem(word))]
    if len(below) < _SERVICE or len(below) < _MOSTLY * len(held):
        return None
    return below[0][: len(_first(below[0])) + 1]


def _first(key: str) -> str:
    return re.split(r"[/.]", key, maxsplit=1)[0]
