"""What finds keys by the meaning of words; how its finds join those that letters make."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

# Reciprocal rank fusion: the larger, the less the first places of one ranking count for alone.
_DAMPING = 60
# One in so many candidates may come by meaning alone, as long as letters find enough.
_SHARE = 4


class MeaningsError(Exception):
    """There are no meanings to be had; its text says why, in words for a person."""


class Ranking(Protocol):
    """The keys of one vocabulary, by meaning."""

    def nearest(self, naming: Iterable[str], most: int) -> Sequence[int]:
        """Return the places of at most so many keys that mean what is named, best first."""
        ...


class Meanings(Protocol):
    """Knows what words mean."""

    @property
    def summary(self) -> str:
        """What there is, in words for a person."""
        ...

    def index(self, keys: Sequence[str]) -> Ranking:
        """Return what ranks these keys."""
        ...


def joined(letters: Sequence[int], meaning: Sequence[int], most: int) -> list[int]:
    """Return at most so many of what letters and meaning rank, best first.

    A key that is called by its name is one that is meant. What only means much the same joins in
    with its best, and fills up what letters leave free.
    """
    together = fused(letters, meaning[: most // _SHARE])
    return list(dict.fromkeys((*together, *meaning)))[:most]


def fused(*rankings: Sequence[int]) -> list[int]:
    """Return what several rankings hold, best first: what is high in one, or present in more.

    Where two are equal, the one that the earlier ranking puts first comes first.
    """
    scores: dict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, number in enumerate(ranking, 1):
            scores[number] += 1 / (_DAMPING + rank)
    return sorted(scores, key=lambda number: -scores[number])
