"""Another environment's name in a value: production that talks to the database of staging."""

import re
from collections.abc import Iterator

from msgspec import UNSET

from central_config.assistant.model.reviews.checks.making import found
from central_config.assistant.model.reviews.findings import Finding
from central_config.assistant.model.reviews.leaves import Leaf
from central_config.assistant.model.reviews.places import names_of_others
from central_config.assistant.model.reviews.quoting import quoted
from central_config.assistant.model.reviews.templates import fixed_part

# A name stands alone or between the marks that addresses and identifiers are made of.
_PIECE = re.compile(r"[A-Za-z0-9]+")
_BLANK = re.compile(r"\s+")
# Devices, and paths to tests: no environment is meant.
_DEVICE = re.compile(r"^/?dev/|(?<![\w.])/dev(?![\w.-])|\btests?/|/tests?\b")
# A host below a name that is registered under `.dev`, where browsers ask by https only.
_PUBLIC = re.compile(r"(https://(?:[\w-]+\.)+[a-z][\w-]*)\.dev(?![\w.-])", re.IGNORECASE)
_LONGEST = 2000
_ADVICE = "Use what belongs to this environment; if it is meant, say why in the message."


def other_environment(leaf: Leaf) -> Iterator[Finding]:
    """Find a text that names an environment the key is not of."""
    text = leaf.text
    if text is None or len(text) > _LONGEST:
        return
    others = names_of_others(leaf.environments, leaf.kin)
    named = _named(text, set(others))
    before = leaf.before if leaf.before is not UNSET else None
    if isinstance(before, str):
        had = _named(before, set(others))
        named = [name for name in named if name not in had]
    if not named:
        return
    name = named[0]
    slug = others[name]
    which = f"the environment {slug}" if name == slug else f'"{name}", as {slug} is called too,'
    said = f"{quoted(leaf.name, text)} names {which} in a value of {leaf.environment}"
    severity = "high" if leaf.production else "medium"
    yield found(leaf, "other-environment", severity, said, _ADVICE)


def _named(text: str, names: set[str]) -> list[str]:
    """Return the environments a text names, in order.

    In a sentence a word is just a word; it must be part of an address or an identifier there.
    """
    parts = _BLANK.split(_PUBLIC.sub(r"\1", fixed_part(text)).strip())
    sentence = len(parts) > 1
    named: list[str] = []
    for part in parts:
        if _DEVICE.search(part):
            continue
        pieces = [each.lower() for each in _PIECE.findall(part)]
        joined = part.lower().strip(".,;:!?()[]\"'`")
        alone = len(pieces) == 1
        if sentence and (alone or not re.search(r"\w[./:@_=-]\w", part)):
            continue
        named += [name for name in [joined, *pieces] if name in names]
    return list(dict.fromkeys(named))
