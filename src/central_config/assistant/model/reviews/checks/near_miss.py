"""A text one slip away from one that is used elsewhere: `db-primry` beside three `db-primary`.

What differs in a digit is another number, not a slip; so is a single letter that counts, as in
`zone-a` and `zone-b`.
"""

import re
from collections.abc import Iterator

from central_config.assistant.model.reviews.checks.making import found
from central_config.assistant.model.reviews.distance import slip
from central_config.assistant.model.reviews.findings import Finding, Severity
from central_config.assistant.model.reviews.leaves import Leaf
from central_config.assistant.model.reviews.quoting import quoted

_SHORTEST, _LONGEST = 4, 300
_RUN = re.compile(r"[A-Za-z]+|\d+")
# Endings that make another word of a word.
_GRAMMAR = frozenset({"s", "d", "n", "r", "y"})
_JOINT = re.compile(r"[\W_]+")
_BESIDE = ("beside it", "nearby")
_ADVICE = "Compare the spelling letter by letter."


def near_miss(leaf: Leaf) -> Iterator[Finding]:
    """Find a text that is almost one that others have, and that nobody else has."""
    text = leaf.text
    if text is None or not _SHORTEST <= len(text) <= _LONGEST:
        return
    near: dict[str, list[str]] = {}
    for where, value in leaf.known():
        if value == text:
            return
        other = value if isinstance(value, str) and _is_slip(text, value) else None
        # Two keys may well hold `my-name` and `my_name`; one key in two environments hardly does.
        if other is not None and not (where.startswith(_BESIDE) and _alike(text, other)):
            near.setdefault(other, []).append(where)
    if not near:
        return
    value, places = max(near.items(), key=lambda it: len(it[1]))
    severity = _severity(leaf, value, places)
    said = f"{quoted(leaf.name, text)} is one letter from {quoted(leaf.name, value)}"
    said += f" ({', '.join(places[:3])}{', ...' if len(places) > 3 else ''})"  # noqa: PLR2004
    yield found(leaf, "near-miss", severity, said, _ADVICE)


def _severity(leaf: Leaf, value: str, places: list[str]) -> Severity:
    """Tell how likely it is a slip: what one place alone has may be meant to differ."""
    if value in leaf.elsewhere.values():
        return "high" if leaf.production else "medium"
    return "medium" if len(places) > 1 else "low"


def _alike(text: str, other: str) -> bool:
    """Tell whether two texts differ in their spelling only: in case, or what joins their words."""
    return _JOINT.sub("", text).casefold() == _JOINT.sub("", other).casefold()


def _is_slip(text: str, other: str) -> bool:
    """Tell whether two texts differ by a slip of letters."""
    parts = slip(text, other)
    if parts is None or max(len(text), len(other)) <= _SHORTEST:
        return False
    differing = "".join(parts)
    if not differing.isalpha() and not re.fullmatch(r"[A-Za-z._/-]+", differing):
        return False
    return not (_counting(text, other) or _inflected(text, other))


def _counting(text: str, other: str) -> bool:
    """Tell whether the texts differ in a letter that counts: it stands alone or after a number."""
    pairs = zip(_RUN.findall(text), _RUN.findall(other), strict=False)
    return any(one != two and len(one) == 1 and len(two) == 1 for one, two in pairs)


def _inflected(text: str, other: str) -> bool:
    """Tell whether one is the other with an ending, as `worker` and `workers`."""
    longer, shorter = sorted((text, other), key=len, reverse=True)
    return longer[:-1] == shorter and longer[-1] in _GRAMMAR
