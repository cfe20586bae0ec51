"""The form of keys, and patterns over them."""

import re
from collections.abc import Callable
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


# Stars a regular expression may hold: it tries every split of a key among them, so its time grows
# with the length of the key to this power. Patterns with more are walked, a little slower.
_STARS_AT_MOST = 2
_STAR = re.compile(r"(\*\*/|\*\*|\*)")
_MEANING = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*"}


class _Walk:
    """A pattern as an automaton whose states are the bits of a number; its time is linear."""

    def __init__(self, parts: list[str]) -> None:
        self.letters: dict[str, int] = {}
        self.skip = self.within = self.across = self.between = self.inside = 0
        end = 0
        for part in parts:
            bit = 1 << end
            if part not in _MEANING:
                for offset, letter in enumerate(part):
                    self.letters[letter] = self.letters.get(letter, 0) | bit << offset
                end += len(part)
                continue
            end += 1
            self.skip |= bit
            if part == "**/":  # between segments at its bit, inside one at the next
                self.between |= bit
                self.inside |= bit << 1
                end += 1
            elif part == "**":
                self.across |= bit
            else:
                self.within |= bit
        self.end = 1 << end

    def fits(self, key: str) -> bool:
        """Tell whether the whole key fits."""
        states = self._skipped(1)
        for letter in key:
            after = (states & self.letters.get(letter, 0)) << 1 | states & self.across
            if letter == "/":
                after |= (states & self.inside) >> 1
            else:
                after |= states & (self.within | self.inside) | (states & self.between) << 1
            states = self._skipped(after)
        return bool(states & self.end)

    def _skipped(self, states: int) -> int:
        """Return the states with those that leave out a star, which may stand for nothing."""
        while True:
            single, double = states & self.skip & ~self.between, states & self.between
            more = states | single << 1 | double << 2
            if more == states:
                return states
            states = more


@lru_cache(maxsize=4096)
def _matcher(pattern: str) -> Callable[[str], object]:
    parts = [part for part in _STAR.split(pattern) if part]
    if sum(part in _MEANING for part in parts) > _STARS_AT_MOST:
        return _Walk(parts).fits
    return re.compile("".join(_MEANING.get(part) or re.escape(part) for part in parts)).fullmatch


def matches(pattern: str, key: str) -> bool:
    """Tell whether a key fits a pattern: `*` stands within a segment, `**` across segments."""
    return bool(_matcher(pattern)(key))
