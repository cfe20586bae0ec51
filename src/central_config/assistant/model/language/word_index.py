"""The words that a tenant's keys are made of, and which of them a spoken word may stand for.

A workspace has many keys and few words: what people say is compared with those, in memory.
"""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

from central_config.assistant.model.language.key_index import stem, words_of
from central_config.assistant.model.language.names import nearest

# Below this share of common trigrams two words are strangers (`cache` and `caches`: 0.73).
_ALIKE = 0.45
# What is said for a part of a word (`elasticsearch` for `elastic`), and the shortest such part.
_BEGUN = 0.8
_SHORTEST_BEGINNING = 4
# In shorter words a wrong letter makes another word.
_SHORTEST_TYPO = 5


def alike(left: str, right: str) -> float:
    """Return how much two words have in common: 1.0 the same, 0.0 nothing."""
    if left == right:
        return 1.0
    mine, theirs = trigrams(left), trigrams(right)
    return 2 * len(mine & theirs) / (len(mine) + len(theirs))


@lru_cache(maxsize=16384)
def trigrams(word: str) -> frozenset[str]:
    """Return the trigrams of a word; its beginning counts more than its end."""
    padded = f"  {word} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))


class WordIndex:
    """The words of the keys of one vocabulary.

    Args:
        keys: all of them. A key is known below by its place in them.
        synonyms: what people say, and the words of keys it may stand for.
    """

    def __init__(self, keys: Sequence[str], synonyms: Mapping[str, Sequence[str]]) -> None:
        self.keys = keys
        self._synonyms = synonyms
        self._holders: dict[str, list[int]] = defaultdict(list)
        for number, key in enumerate(keys):
            # Few segments make many keys: each is split once.
            said = (word for segment in key.split("/") for word in words_of(segment))
            for word in dict.fromkeys(said):
                self._holders[word].append(number)
        self._forms: dict[str, list[str]] = defaultdict(list)
        for word in self._holders:
            self._forms[stem(word)].append(word)
        self._near: dict[str, list[str]] = defaultdict(list)
        for word in self._holders:
            for trigram in trigrams(word):
                self._near[trigram].append(word)

    def __iter__(self) -> Iterator[str]:
        """Yield every word."""
        return iter(self._holders)

    def holders(self, word: str) -> Sequence[int]:
        """Return the places of the keys that have a word."""
        return self._holders.get(word, ())

    def forms(self, word: str) -> Sequence[str]:
        """Return the words of keys that are a word, or its plural or singular."""
        return self._forms.get(stem(word), ())

    def rarity(self, word: str) -> float:
        """Return what a word is worth: 1 where all keys have it, more the fewer do."""
        return 1 + math.log(len(self.keys) / len(self._holders[word]))

    def similar(self, said: str) -> dict[str, float]:
        """Return the words of keys that a word of a question may stand for, and how likely."""
        found: dict[str, float] = {}
        for meant, weight in self._meanings(said):
            for word in self._neighbours(meant):
                likeness = alike(meant, word) * weight
                if likeness >= _ALIKE:
                    found[word] = max(found.get(word, 0.0), likeness)
        return found

    def begun(self, said: str) -> dict[str, float]:
        """Return the words that begin as a spoken word does, or that it begins with."""
        if len(said) < _SHORTEST_BEGINNING:
            return {}
        at = bisect_left(self._sorted, said)
        found: dict[str, float] = {}
        while at < len(self._sorted) and self._sorted[at].startswith(said):
            found[self._sorted[at]] = _BEGUN
            at += 1
        for length in range(_SHORTEST_BEGINNING, len(said)):
            if said[:length] in self._holders:
                found[said[:length]] = _BEGUN
        return found

    def misspelt(self, said: str) -> str | None:
        """Return the word of keys that is meant by one with a typo in it, if there is but one."""
        return nearest(said, self._long) if len(said) >= _SHORTEST_TYPO else None

    @cached_property
    def _long(self) -> Mapping[str, str]:
        return {word: word for word in self._holders if len(word) >= _SHORTEST_TYPO}

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._holders)

    def _meanings(self, said: str) -> Iterable[tuple[str, float]]:
        yield said, 1.0
        for part in words_of(said):
            if part != said:
                yield part, 0.9
        for synonym in self._synonyms.get(said, ()):
            for part in words_of(synonym):
                yield part, 0.8

    def _neighbours(self, word: str) -> set[str]:
        return {other for trigram in trigrams(word) for other in self._near.get(trigram, ())}
