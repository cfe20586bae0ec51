"""The form of keys, and patterns over them."""

import re
from functools import lru_cache

from central_config.core.problems import FieldError, Problem

MAXIMUM_KEY = 512
_KEY = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")
_PATTERN = re.compile(r"[A-Za-z0-9._*/-]+")


def key_fault(key: str) -> str | None:
    """Return what is wrong with a key, or None."""
    if len(key) > MAXIMUM_KEY:
        return f"a key has at most {MAXIMUM_KEY} characters, this one has {len(key)}"
    if _KEY.fullmatch(key) is not None:
        # Clients and proxies fold these away: such a key could be written and never read.
        folded = any(segment in {".", ".."} for segment in key.split("/"))
        return "a key has no segment . or .." if folded else None
    return _form_fault(key)


def _form_fault(key: str) -> str:
    """Return what is wrong with a text that has not the form of a key."""
    if not key:
        return "a key is not empty"
    for mark, found in (
        ("leading slash", key.startswith("/")),
        ("trailing slash", key.endswith("/")),
        ("empty segment", "//" in key),
    ):
        if found:
            return f"a key has no {mark}"
    wrong = next(each for each in key if not re.match(r"[A-Za-z0-9._/-]", each))
    return f"a key has no {wrong!r}; its segments are made of A-Z a-z 0-9 . _ -"


def check_key(key: str, pointer: str = "/key") -> None:
    """Refuse what is no key.

    Raises:
        Problem: `invalid-key`.
    """
    fault = key_fault(key)
    if fault is not None:
        raise Problem("invalid-key", fault, errors=[FieldError(pointer, fault)])


def check_pattern(pattern: str) -> None:
    """Refuse what is no pattern: a key in which `*` stands within a segment and `**` across.

    Raises:
        Problem: `invalid-request`.
    """
    if len(pattern) > MAXIMUM_KEY or _PATTERN.fullmatch(pattern) is None:
        detail = "a pattern is a key in which * and ** may stand"
        raise Problem("invalid-request", detail, errors=[FieldError("/pattern", detail)])


@lru_cache(maxsize=4096)
def pattern_expression(pattern: str) -> re.Pattern[str]:
    """Return the expression of a pattern: `*` matches within a segment, `**` across segments."""
    parts = re.split(r"(\*\*/|\*\*|\*)", pattern)
    meaning = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*"}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts))


def matches(pattern: str, key: str) -> bool:
    """Tell whether a key fits a pattern."""
    return pattern_expression(pattern).fullmatch(key) is not None
