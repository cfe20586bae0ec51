"""White space and characters nobody sees: two values that look alike and are not."""

import re
import unicodedata
from collections.abc import Iterator

from central_config.assistant.model.reviews.checks.making import found
from central_config.assistant.model.reviews.findings import Finding
from central_config.assistant.model.reviews.leaves import Leaf
from central_config.assistant.model.reviews.quoting import quoted

_ADVICE = "Write the value again without it."
# Between letters these are a slip: nobody types them on purpose.
_STRANGE = re.compile(
    r"[\u00a0\u2007\u202f\u200b\u200c\u200d\u2060\ufeff\u00ad\u3000"
    r"\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]"  # controls but for ends of lines, tabs, ESC
)


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
    """Say what stands around a text.

    One of several lines may end with a line's end, and begin with one, as lists in INI files do.
    """
    body = text.strip("\n") if "\n" in text.strip() else text
    bare = body.strip()
    if bare == body or not any(character.isalnum() for character in bare):
        return None  # nothing, or a separator such as ", "
    first = body[: len(body) - len(body.lstrip())]
    return f"begins or ends with {_called(first + body[len(first) + len(bare) :])}"


def _within(text: str) -> str | None:
    strange = _STRANGE.search(text)
    if strange is None:
        single = "\n" not in text.strip() and "\t" in text.strip()
        return "has a tab in it" if single else None
    return f"holds an invisible character, {unicodedata.name(strange[0], hex(ord(strange[0])))}"


def _called(edges: str) -> str:
    if "\n" in edges or "\r" in edges:
        return "a line break"
    return "a tab" if "\t" in edges else "white space"
