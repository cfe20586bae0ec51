"""Keys that mean what a question says though they share no letters with it, by word vectors.

It needs numpy, an optional package: import it only where word vectors are wanted.
"""

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Self

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from central_config.assistant.model.language.words import words
from central_config.assistant.model.planning.meaning import Meanings, MeaningsError, Ranking

MOST_WORDS = 400_000
MOST_BYTES = 1024**3
# Numbers of a vector; those in use have 25 to 1,000.
MOST_NUMBERS = 4096
# Lines that are looked at. Files begin with the most frequent words.
MOST_LINES = 4_000_000
# Below this cosine two texts have nothing to do with each other.
_RELATED = 0.3
# Files begin with the words that say least (`how`, `may`); about so many of them are such.
_FILLING = 200
_FLOAT_BYTES = 4
_AT_ONCE = 4096
# What names are split into, in whatever case; digits and single letters mean nothing.
_NEEDED = re.compile(rb"[A-Za-z]{2,40}")

_Vectors = NDArray[np.float32]


class WordVectors(Meanings):
    """The vectors of words, all of length 1.

    Args:
        places: the row of each word, in lower case.
        vectors: the rows.
        skipped: lines of the file that were of another form.
    """

    def __init__(self, places: dict[str, int], vectors: _Vectors, skipped: int = 0) -> None:
        self.places = places
        self.vectors = vectors
        self.skipped = skipped

    @property
    @override
    def summary(self) -> str:
        """What there is, in words for a person."""
        said = f"{len(self.places)} words by {self.vectors.shape[1]} numbers"
        return f"{said} ({self.skipped} lines skipped)" if self.skipped else said

    @classmethod
    def read(cls, lines: Iterable[bytes]) -> Self:
        """Read the text form of word2vec and GloVe: `word v1 v2 ...`, with or without a header.

        Only what a name can be split into is kept, in the order of the file: at most MOST_WORDS
        words and MOST_BYTES bytes. A line of another form is skipped.

        Raises:
            MeaningsError: this is no such file.
        """
        rows = islice(lines, MOST_LINES)
        table = _Table(next(rows, b""))
        for line in rows:
            if table.full:
                break
            table.take(line)
        return cls(*table.finished())

    @override
    def index(self, keys: Sequence[str]) -> "KeyVectors":
        """Return what ranks these keys."""
        return KeyVectors(self, keys)


class KeyVectors(Ranking):
    """The mean of each key's words, kept as the words: there are few of them and many keys.

    Args:
        known: the words.
        keys: the keys; one without a known word is never found.
    """

    def __init__(self, known: WordVectors, keys: Sequence[str]) -> None:
        self._known = known
        rows: dict[int, int] = {}
        numbers, starts, flat = array("q"), array("q"), array("q")
        for number, key in enumerate(keys):
            held = [known.places[word] for word in words(key) if word in known.places]
            if held:
                numbers.append(number)
                starts.append(len(flat))
                flat.extend(rows.setdefault(row, len(rows)) for row in held)
        self._numbers = np.array(numbers, dtype=np.int64)
        self._starts = np.array(starts, dtype=np.int64)
        self._flat = np.array(flat, dtype=np.int64)
        self._vectors = known.vectors[np.fromiter(rows, dtype=np.int64, count=len(rows))]
        self._lengths = self._measured()

    @override
    def nearest(self, naming: Iterable[str], most: int) -> Sequence[int]:
        """Return the places of at most so many keys that mean what is named, best first."""
        said = dict.fromkeys(word for name in naming for word in words(name))
        rows = [self._known.places[word] for word in said if word in self._known.places]
        if not rows or not len(self._numbers):
            return []
        order = np.array(rows, dtype=np.float32) + 1
        weights = order / (order + _FILLING)
        meant = weights @ self._known.vectors[rows]
        length = float(np.linalg.norm(meant)) or 1.0
        # The product with a sum of vectors is the sum of the products with each.
        products = (self._vectors @ meant)[self._flat]
        cosines = np.add.reduceat(products, self._starts) / (self._lengths * length)
        best = np.argsort(-cosines, kind="stable")[:most]
        found: list[int] = self._numbers[best[cosines[best] >= _RELATED]].tolist()
        return found

    def _measured(self) -> _Vectors:
        """Return the length of the sum of each key's words; many keys at once take memory."""
        lengths = np.ones(len(self._starts), dtype=np.float32)
        ends = np.append(self._starts[1:], len(self._flat))
        for at in range(0, len(self._starts), _AT_ONCE):
            starts = self._starts[at : at + _AT_ONCE]
            flat = self._flat[starts[0] : ends[at : at + _AT_ONCE][-1]]
            sums = np.add.reduceat(self._vectors[flat], starts - starts[0], axis=0)
            lengths[at : at + _AT_ONCE] = np.linalg.norm(sums, axis=1)
        return np.where(lengths > 0, lengths, np.float32(1))


class _Table:
    """The lines of a file as they come in.

    Args:
        first: the first, which tells how many numbers a vector has: a header, or a word.
    """

    def __init__(self, first: bytes) -> None:
        parts = first.split()
        header = len(parts) == 2 and all(part.isdigit() for part in parts)  # noqa: PLR2004
        self._size = int(parts[1]) if header else len(parts) - 1
        if not 1 < self._size <= MOST_NUMBERS:
            raise MeaningsError("its first line is none of `word number number ...`")
        self._most = min(MOST_WORDS, MOST_BYTES // (_FLOAT_BYTES * self._size))
        self._places: dict[str, int] = {}
        self._numbers = array("f")
        self._skipped = 0
        if not header:
            self.take(first)

    @property
    def full(self) -> bool:
        """Whether no further word finds room."""
        return len(self._places) >= self._most

    def take(self, line: bytes) -> None:
        """Keep a line's word, if it is one that is needed."""
        head, *rest = line.split(None, 1) or (b"",)
        word = head.lower().decode(errors="replace")
        if word in self._places or not _NEEDED.fullmatch(head):
            return
        try:
            numbers = array("f", map(float, rest[0].split() if rest else ()))
        except ValueError:
            numbers = array("f")
        if len(numbers) != self._size:
            self._skipped += 1
            return
        self._places[word] = len(self._places)
        self._numbers.extend(numbers)

    def finished(self) -> tuple[dict[str, int], _Vectors, int]:
        """Return the words, their vectors, all of length 1, and how many lines were skipped.

        Raises:
            MeaningsError: there is no word, or most lines were of another form.
        """
        vectors = np.frombuffer(self._numbers, dtype=np.float32).reshape(-1, self._size)
        useless = set(_normalised(vectors))
        places = {word: row for word, row in self._places.items() if row not in useless}
        skipped = self._skipped + len(useless)
        if skipped > len(places):
            raise MeaningsError(f"{skipped} of its lines are none of `word number number ...`")
        if not places:
            raise MeaningsError("it holds no word that a key could have")
        return places, vectors, skipped


def _normalised(vectors: _Vectors) -> Iterator[int]:
    """Bring every row to length 1, in its place; yield those that have no direction."""
    for at in range(0, len(vectors), _AT_ONCE):
        part = vectors[at : at + _AT_ONCE]
        lengths = np.linalg.norm(part.astype(np.float64), axis=1)
        well = np.isfinite(lengths) & (lengths > 0)
        part[~well] = 0
        part /= np.where(well, lengths, 1)[:, None].astype(np.float32)
        yield from (at + np.flatnonzero(~well)).tolist()
