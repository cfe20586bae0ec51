"""White space and characters nobody sees: two values that look alike and are not."""

import re
import unicodedata
from collections.abc import Iterator

from central_config.assistant.model.reviews.checks.making import found
from central_config.assistant.model.reviews.findings import Finding
from central_config.assistant.model.reviews.leaves import Leaf
from central_config.assistant.model.reviews.quoting import quoted

_ADVICE = "Write the value again without it."
_EDGES = re.compile(r"^\s+|\s+$")
# Between letters these are a slip: nobody types them on purpose.
_STRANGE = frozenset("\u00a0\u2007\u202f\u200b\u200c\u200d\u2060\ufeff\u00ad\u3000")


def white_space(leaf: Leaf) -> Iterator[Finding]:
    """Find white space around a text, and characters in it that nobody sees."""
    text = leaf.text
    if not text:
        return
    said = _around(text) or _within(text)
    if said is None or _had(leaf.before):
        return
    shown = quoted(leaf.name, text)
    yield found(leaf, "white-space", "medium", f"{shown} {said}", _ADVICE)


def _had(before: object) -> bool:
    """Tell whether the value was so before: whoever reads it copes with that."""
    return isinstance(before, str) and bool(_around(before) or _within(before))


def _around(text: str) -> str | None:
    """Say what stands around a text; a text of several lines may end with one's end."""
    body = text.rstrip("\n") if "\n" in text.strip() else text
    edges = _EDGES.findall(body)
    if not edges or not any(character.isalnum() for character in body):
        return None  # nothing, or a separator such as ", "
    if not body.strip():
        return None
    return f"begins or ends with {_called(''.join(edges))}"


def _within(text: str) -> str | None:
    strange = next((each for each in text if _is_strange(each)), None)
    if strange is None:
        single = "\n" not in text.strip() and "\t" in text.strip()
        return "has a tab in it" if single else None
    return f"holds an invisible character, {unicodedata.name(strange, hex(ord(strange)))}"


def _is_strange(character: str) -> bool:
    control = unicodedata.category(character) == "Cc" and character not in "\n\r\t\x1b"
    return character in _STRANGE or control


def _called(edges: str) -> str:
    if "\n" in edges or "\r" in edges:
        return "a line break"
    return "a tab" if "\t" in edges else "white space"
