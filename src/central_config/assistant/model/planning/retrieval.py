"""Which keys a question may be about: trigrams over the words that keys are made of.

A workspace has many keys and few words. A question's words are compared with those, in memory, and
the keys that hold the rarest of the words it comes close to are the candidates.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from central_config.assistant.model.language.key_index import words_of
from central_config.assistant.model.planning.meaning import Ranking, joined

# Below this share of common trigrams two words are strangers (`cache` and `caches`: 0.73).
_ALIKE = 0.45


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


class Retrieval:
    """The candidates among the keys of one vocabulary.

    Args:
        keys: all of them.
        synonyms: what people say, and the words of keys it may stand for.
        meaning: ranks the same keys by what words mean, if that is known.
    """

    def __init__(
        self,
        keys: Sequence[str],
        synonyms: Mapping[str, Sequence[str]],
        meaning: Ranking | None = None,
    ) -> None:
        self._keys = keys
        self._meaning = meaning
        self._synonyms = synonyms
        self._holders: dict[str, list[int]] = defaultdict(list)
        for number, key in enumerate(keys):
            for word in dict.fromkeys(words_of(key)):
                self._holders[word].append(number)
        self._near: dict[str, list[str]] = defaultdict(list)
        for word in self._holders:
            for trigram in trigrams(word):
                self._near[trigram].append(word)

    def common(self, most: int) -> tuple[str, ...]:
        """Return the words that the most keys hold, in the order of the alphabet."""
        counts = {word: len(held) for word, held in self._holders.items() if word.isalpha()}
        return tuple(sorted(sorted(counts, key=lambda word: (-counts[word], word))[:most]))

    def words(self, naming: Iterable[str], most: int) -> tuple[str, ...]:
        """Return the words of keys that come closest to those of a question, best first."""
        best: dict[str, float] = {}
        for said in naming:
            for word, likeness in self.similar(said.lower()).items():
                best[word] = max(best.get(word, 0.0), likeness)
        return tuple(sorted(best, key=lambda word: (-best[word], word))[:most])

    def candidates(self, naming: Iterable[str], most: int) -> tuple[str, ...]:
        """Return the keys a question is most likely about, best first.

        Args:
            naming: its words that may name a key, or several.
            most: how many at most.
        """
        naming = tuple(naming)
        scores: dict[int, float] = defaultdict(float)
        for said in naming:
            for number, score in self._scores(said.lower()).items():
                scores[number] += score
        ranked = sorted(scores, key=lambda number: (-scores[number], self._keys[number]))
        if self._meaning is not None:
            ranked = joined(ranked, self._meaning.nearest(naming, most), most)
        return tuple(self._keys[number] for number in ranked[:most])

    def similar(self, said: str) -> dict[str, float]:
        """Return the words of keys that a word of a question may stand for, and how likely."""
        found: dict[str, float] = {}
        for meant, weight in self._meanings(said):
            for word in self._neighbours(meant):
                likeness = alike(meant, word) * weight
                if likeness >= _ALIKE:
                    found[word] = max(found.get(word, 0.0), likeness)
        return found

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

    def _scores(self, said: str) -> dict[int, float]:
        """Return what one word of the question is worth to each key: rare words are worth more."""
        scores: dict[int, float] = {}
        for word, likeness in self.similar(said).items():
            holders = self._holders[word]
            worth = likeness * (1 + math.log(len(self._keys) / len(holders)))
            for number in holders:
                scores[number] = max(scores.get(number, 0.0), worth)
        return scores
