"""How values are shown in evidence and to the model: quoted, capped, harmless, never a secret.

A value is text that a stranger may have written. It is shown as JSON, so it cannot end its own
quotation, hold a line break, or play with what a terminal does.
"""

from msgspec import UNSET

from central_config.assistant.model.reviews.leaves import MaybeJSON
from central_config.assistant.model.reviews.secrecy import looks_secret
from central_config.assistant.model.showing import visible
from central_config.core.json import encode

# Characters of a value that are shown, and of a sentence that may hold values.
SHOWN, SENTENCE = 80, 200
# Of a larger object or list only the size is told: whether a secret is in it takes too long.
_MEMBERS = 50
HIDDEN = "(not shown: it looks like a secret)"


def quoted(name: str, value: MaybeJSON) -> str:
    """Return a value of a leaf of that name as evidence shows it."""
    if value is UNSET:
        return "nothing"
    if isinstance(value, (dict, list)) and len(value) > _MEMBERS:
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)} members"
    if _holds_secret(name, value):
        return HIDDEN
    text = encode(value).decode()
    return _capped(text, SHOWN)


def plain(name: str, sentence: str) -> str:
    """Return a sentence that holds parts of a value, as evidence shows it."""
    return HIDDEN if looks_secret(name, sentence) else _capped(sentence, SENTENCE)


def _holds_secret(name: str, value: MaybeJSON) -> bool:
    """Tell whether a value or a part of it looks like a secret."""
    if isinstance(value, dict):
        return any(_holds_secret(each, inner) for each, inner in value.items())
    if isinstance(value, list):
        return any(_holds_secret(name, inner) for inner in value)
    return looks_secret(name, value)


def _capped(text: str, limit: int) -> str:
    shown = visible(text[:limit], on_a_line=True)
    return shown if len(text) <= limit else f"{shown}... ({len(text)} characters)"
