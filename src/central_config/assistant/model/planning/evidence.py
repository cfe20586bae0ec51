"""What in a question speaks for which keys, and how much."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import NamedTuple

from central_config.assistant.model.language.associations import (
    Association,
    associations,
    idle_words,
    root,
)
from central_config.assistant.model.language.key_index import stem, words_of
from central_config.assistant.model.language.listed import listed
from central_config.assistant.model.language.word_index import WordIndex
from central_config.assistant.model.planning.facts import Facts

# A word that one key alone has is worth no more than so much, however many keys there are.
_RAREST = 5.5
# What is said otherwise counts nearly as much as a word itself, how it is asked half.
_SUBJECT, _SHAPE = 0.9, 0.5
# How much less each next word of an association counts, and what the last counts at least.
_FADING, _LEAST = 0.12, 0.3
# `replica` for `replicas`.
_OTHER_FORM = 0.95
# Rarity tells less where a word was not said.
_RARE = 4.0
# Words for a kind of thing (`name`, `service`), and what they count for.
_KINDS = listed("service number name type mode default key value user time account system order")
_KIND = 0.4
# Where a word of the question is a word of keys, what it may mean besides counts for less.
_BESIDES = 0.8
# Two words with fewer common trigrams are not one misspelt.
_LIKE = 0.55
# From here on a word is as good as said (a synonym of the tenant's).
_SAME = 0.79
# A word with a letter wrong.
_TYPO = 0.8
# What a model thinks.
_VOTE = 0.35
# What is said a second time adds so much (`how long does it wait`).
_AGAIN = 0.3
# Keys for which as much speaks as for the best, but for this share, are as good.
_AS_GOOD = 0.02


class Item(NamedTuple):
    """One thing that is said.

    Attributes:
        said: in the words of the question.
        worth: the words of keys it may stand for, and what each is worth.
        named: it names something, rather than asking how long or how often.
        own: those of these words that are said, as they are or by a synonym.
    """

    said: str
    worth: Mapping[str, float]
    named: bool
    own: frozenset[str] = frozenset()


class Evidence:
    """The keys of a tenant, by what a question says of them.

    Args:
        facts: the question.
        votes: words of keys that a model takes it for.
    """

    def __init__(self, facts: Facts, votes: Iterable[str] = ()) -> None:
        self._index = facts.vocabulary.words
        said = (*_said(facts, self._index), *_voted(votes, self._index))
        self.items = tuple(item for item in said if item.worth)

    @property
    def literal(self) -> "Evidence":
        """What is said in words that keys have, by itself."""
        other = copy(self)
        for name in ("scores", "best", "_spoken"):
            other.__dict__.pop(name, None)
        other.items = tuple(
            item._replace(worth={word: item.worth[word] for word in item.own})
            for item in self.items
            if item.own
        )
        return other

    @cached_property
    def scores(self) -> Mapping[int, float]:
        """What speaks for each key, by its place."""
        scores: dict[int, float] = defaultdict(float)
        claimed: dict[int, set[str]] = defaultdict(set)
        # What is said in so many words goes first; a word of a key speaks for it once.
        for item in sorted(self.items, key=lambda item: -max(item.worth.values())):
            for place, word in self._spoken_for(item, claimed):
                again = word in claimed[place]
                claimed[place].add(word)
                scores[place] += item.worth[word] * (_AGAIN if again else 1)
        return scores

    def _spoken_for(self, item: Item, claimed: Mapping[int, set[str]]) -> Iterator[tuple[int, str]]:
        """Yield the keys an item speaks for, and the best of its words that is free yet."""
        words = sorted(item.worth, key=lambda word: -item.worth[word])
        taken: set[int] = set()
        for again in (False, True):
            for word in words:
                for place in self._index.holders(word):
                    if place not in taken and (again or word not in claimed[place]):
                        taken.add(place)
                        yield place, word

    @cached_property
    def best(self) -> Sequence[int]:
        """The places of the keys for which the most speaks."""
        most = max(self.scores.values(), default=0.0)
        return [place for place, score in self.scores.items() if score >= most * (1 - _AS_GOOD)]

    def words(self, place: int) -> tuple[str, ...]:
        """Return for everything that speaks for a key the word of the key it stands for."""
        own = set(words_of(self._index.keys[place]))
        found: list[str] = []
        for item in self.items:
            meant = [(worth, word) for word, worth in item.worth.items() if word in own]
            if meant:
                found.append(max(meant)[1])
        return tuple(found)

    def is_whole(self, place: int) -> bool:
        """Return whether every word of a key is spoken for."""
        return set(words_of(self._index.keys[place])) <= self._spoken

    def is_said(self, place: int) -> bool:
        """Return whether a key's own name is spoken for, or needs not be: its path has no other."""
        *path, last = re.split(r"([/.])", self._index.keys[place])
        beginning = "".join(path)
        others = sum(key.startswith(beginning) for key in self._index.keys) if path else 0
        return not self._spoken.isdisjoint(words_of(last)) or others == 1

    @cached_property
    def _spoken(self) -> frozenset[str]:
        return frozenset(word for item in self.items for word in item.worth)


def _said(facts: Facts, index: WordIndex) -> Iterator[Item]:
    """Yield what a question says, each thing once."""
    found = [one for one in associations(facts.open) if not facts.hinting.issuperset(one.said)]
    spoken = [word.lower() for word in facts.naming if word.lower() not in facts.valued]
    naming = [word for word in dict.fromkeys(spoken) if root(word) not in idle_words()]
    for one in [one for one in found if one.sort == "subjects" and len(one.said) > 1]:
        if any(_is_literal(word, one) for word in naming):
            continue  # `search index` where keys are called so
        yield _phrase(one, naming, index)
        found.remove(one)
        naming = [word for word in naming if root(word) not in map(root, one.said)]
    for said in naming:
        more = [one for one in found if _is_same(said, one, naming)]
        found = [one for one in found if one not in more]
        yield _named(said, more, index)
    for one in found:
        idle = len(one.said) == 1 and root(one.said[0]) in idle_words()
        if one.sort == "shapes" or not idle:
            yield _phrase(one, (), index)


def _is_literal(said: str, one: Association) -> bool:
    """Return whether a word is part of a phrase that stands for itself."""
    return root(said) in map(root, one.said) and stem(said) in map(stem, one.words)


def _is_same(said: str, one: Association, naming: Sequence[str]) -> bool:
    """Return whether a word is what an association is about, or what its words stand for."""
    if one.sort == "shapes":
        return one.said == (said,)
    if root(said) in map(root, one.said):
        return True
    other = any(root(word) in map(root, one.said) for word in naming)
    return not other and stem(said) in map(stem, one.words)


def _phrase(one: Association, naming: Iterable[str], index: WordIndex) -> Item:
    """Return what is said in words that stand for others; in themselves they mean little."""
    worth = _associated(one, index)
    for said in naming:
        if root(said) in map(root, one.said):
            for word, like in _likely(said, index).items():
                each = like * _KIND * min(index.rarity(word), _RAREST)
                worth[word] = max(worth.get(word, 0.0), each)
    forms = frozenset(form for token in one.said for form in index.forms(token))
    return Item(" ".join(one.said), worth, one.sort == "subjects", forms & worth.keys())


def _named(said: str, more: Sequence[Association], index: WordIndex) -> Item:
    """Return what a spoken word may stand for."""
    asks = any(one.sort == "shapes" for one in more)
    scale = _KIND if asks or stem(said) in _KINDS else 1.0
    likely = _likely(said, index)
    worth = {word: like * scale * min(index.rarity(word), _RAREST) for word, like in likely.items()}
    if not worth and not more:
        meant = index.misspelt(said)
        worth = {} if meant is None else {meant: _TYPO * min(index.rarity(meant), _RAREST)}
    literal = None if asks else _literal(said, worth)
    for one in more:
        for word, each in _associated(one, index).items():
            bound = each if literal is None else min(each, literal * _BESIDES)
            worth[word] = max(worth.get(word, 0.0), bound)
    own = frozenset(
        word for word in worth if likely.get(word, 0.0) >= _SAME or stem(word) == stem(said)
    )
    return Item(said, worth, stem(said) not in _KINDS, own)


def _likely(said: str, index: WordIndex) -> dict[str, float]:
    likely = {word: like for word, like in index.similar(said).items() if like >= _LIKE}
    return {**index.begun(said), **likely}


def _literal(said: str, worth: Mapping[str, float]) -> float | None:
    """Return what a spoken word is worth as itself; None where no key has it."""
    return max((each for word, each in worth.items() if stem(word) == stem(said)), default=None)


def _associated(one: Association, index: WordIndex) -> dict[str, float]:
    """Return the words of keys that an association speaks for; the first are the likeliest."""
    scale = _SUBJECT if one.sort == "subjects" else _SHAPE
    worth: dict[str, float] = {}
    for rank, word in enumerate(one.words):
        for form in index.forms(word):
            exact = 1.0 if form == word else _OTHER_FORM
            each = scale * exact * max(_LEAST, 1 - _FADING * rank) * min(index.rarity(form), _RARE)
            worth[form] = max(worth.get(form, 0.0), each)
    return worth


def _voted(votes: Iterable[str], index: WordIndex) -> Iterator[Item]:
    for vote in votes:
        if index.holders(vote):
            yield Item(vote, {vote: _VOTE * min(index.rarity(vote), _RAREST)}, named=False)
