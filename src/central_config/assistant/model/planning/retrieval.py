"""Which keys a question may be about, ranked for a model to choose from."""

from collections import defaultdict
from collections.abc import Iterable

from central_config.assistant.model.language.word_index import WordIndex
from central_config.assistant.model.planning.meaning import Ranking, joined


class Retrieval:
    """The candidates among the keys of one vocabulary.

    Args:
        index: the words of its keys.
        meaning: ranks the same keys by what words mean, if that is known.
    """

    def __init__(self, index: WordIndex, meaning: Ranking | None = None) -> None:
        self._index = index
        self._meaning = meaning

    def common(self, most: int) -> tuple[str, ...]:
        """Return the words that the most keys hold, in the order of the alphabet."""
        counts = {word: len(self._index.holders(word)) for word in self._index if word.isalpha()}
        return tuple(sorted(sorted(counts, key=lambda word: (-counts[word], word))[:most]))

    def words(self, naming: Iterable[str], most: int) -> tuple[str, ...]:
        """Return the words of keys that come closest to those of a question, best first."""
        best: dict[str, float] = {}
        for said in naming:
            for word, likeness in self._index.similar(said.lower()).items():
                best[word] = max(best.get(word, 0.0), likeness)
        return tuple(sorted(best, key=lambda word: (-best[word], word))[:most])

    def candidates(self, naming: Iterable[str], most: int) -> tuple[str, ...]:
        """Return the keys a question is most likely about, best first.

        Args:
            naming: its words that may name a key, or several.
            most: how many at most.
        """
        naming = tuple(naming)
        keys = self._index.keys
        scores: dict[int, float] = defaultdict(float)
        for said in naming:
            for number, score in self._scores(said.lower()).items():
                scores[number] += score
        ranked = sorted(scores, key=lambda number: (-scores[number], keys[number]))
        if self._meaning is not None:
            ranked = joined(ranked, self._meaning.nearest(naming, most), most)
        return tuple(keys[number] for number in ranked[:most])

    def _scores(self, said: str) -> dict[int, float]:
        """Return what one word of the question is worth to each key: rare words are worth more."""
        scores: dict[int, float] = {}
        for word, likeness in self._index.similar(said).items():
            worth = likeness * self._index.rarity(word)
            for number in self._index.holders(word):
                scores[number] = max(scores.get(number, 0.0), worth)
        return scores
