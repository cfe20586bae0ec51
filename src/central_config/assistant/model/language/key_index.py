"""The keys of a tenant by their words, so that a word finds its keys at once."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property, lru_cache

from central_config.assistant.model.language.listed import listed

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+\d*|[A-Z]+\d*|\d+")
_UNLIKE_PLURALS = listed("""
    https kubernetes postgres alias bias canvas aws dns tls kms ios series always as is us
""")
_SHORTEST_BEGINNING = 4


@lru_cache(maxsize=65536)
def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a key or a spoken name: `http-client/maxRetries` has four."""
    return tuple(word.lower() for word in _WORD.findall(text))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return the singular of a word that looks like a plural, else the word."""
    if word in _UNLIKE_PLURALS or len(word) <= 3:  # noqa: PLR2004 - `dns`, `tls`, `ids`
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes", "aliases", "statuses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and word[-2] not in "siu" else word


@lru_cache(maxsize=65536)
def _stems_of(segment: str) -> tuple[str, ...]:
    """Return the stems of a part of keys: few parts make many keys."""
    return tuple(map(stem, words_of(segment)))


def in_all(sets: Iterable[AbstractSet[int]]) -> frozenset[int]:
    """Return what is in each of some sets; nothing if there are none."""
    smallest, *others = sorted(sets, key=len) or [frozenset[int]()]
    return frozenset(smallest).intersection(*others)


class KeyIndex:
    """Which keys hold which words.

    Args:
        keys: every key, in order. A key is known below by its place in them.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = keys
        self._by_stem: dict[str, set[int]] = {}
        self._by_text: dict[str, list[int]] = {}
        for place, key in enumerate(keys):
            self._by_text.setdefault(key.lower(), []).append(place)
            for segment in key.split("/"):
                for one in _stems_of(segment):
                    self._by_stem.setdefault(one, set()).add(place)

    def exact(self, text: str) -> str | None:
        """Return the key that is this text, in whatever case if that leaves no doubt."""
        places = self._by_text.get(text.lower(), [])
        same = [self.keys[place] for place in places if self.keys[place] == text]
        if same:
            return same[0]
        return self.keys[places[0]] if len(places) == 1 else None

    def of_word(self, word: str) -> set[int]:
        """Return the keys that have a word, or its plural or singular."""
        return self._by_stem.get(stem(word), set())

    def begun_by(self, word: str) -> set[int]:
        """Return the keys of which a word begins so (`conn`, `connection`)."""
        if len(word) < _SHORTEST_BEGINNING:
            return set()
        found: set[int] = set()
        for at in range(bisect_left(self._stems, word), len(self._stems)):
            if not self._stems[at].startswith(word):
                break
            found |= self._by_stem[self._stems[at]]
        return found

    def holding(self, text: str) -> set[int]:
        """Return the keys that hold a text anywhere, in whatever case."""
        small = text.lower()
        return {place for place, key in enumerate(self._lower) if small in key}

    def below(self, text: str) -> str | None:
        """Return the beginning that all keys below a path share: `app/db` is `app/db/`."""
        small = text.lower().rstrip("*").rstrip("/._-")
        for separator in "/._-":
            for place in self._after(small + separator):
                return self.keys[place][: len(small) + 1]
        return None

    def beginning(self, text: str) -> str | None:
        """Return a text as keys begin with it, in whatever case; None if none does."""
        for place in self._after(text.lower()):
            return self.keys[place][: len(text)]
        return None

    def named(self, words: Iterable[str]) -> list[int]:
        """Return the keys that consist of these words and no others, in whatever order."""
        wanted = {stem(word) for word in words}
        places = [self._by_stem.get(word, set()) for word in wanted]
        if not places:
            return []
        common = in_all(places)
        return [
            place
            for place in common
            if {stem(word) for word in words_of(self.keys[place])} == wanted
        ]

    @cached_property
    def _stems(self) -> list[str]:
        return sorted(self._by_stem)

    @cached_property
    def _lower(self) -> list[str]:
        return [key.lower() for key in self.keys]

    @cached_property
    def _sorted(self) -> list[tuple[str, int]]:
        return sorted((key, place) for place, key in enumerate(self._lower))

    def _after(self, small: str) -> Iterable[int]:
        at = bisect_left(self._sorted, (small, -1))
        if at < len(self._sorted) and self._sorted[at][0].startswith(small):
            yield self._sorted[at][1]
