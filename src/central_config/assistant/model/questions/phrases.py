"""Names of the tenant in a question: keys, words of keys, users and values."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from central_config.assistant.model.language.key_index import KeyIndex, in_all, stem, words_of
from central_config.assistant.model.language.listed import listed
from central_config.assistant.model.language.names import nearest
from central_config.assistant.model.language.vocabulary import Vocabulary
from central_config.assistant.model.questions.clauses import GUESS, KEY, NAME, WORDS, Clause
from central_config.assistant.model.questions.grammar import DETERMINERS, VERBS
from central_config.assistant.model.questions.text import Text, unquoted
from central_config.assistant.model.questions.values import as_value

_LONGEST_NAME = 3
_LONGEST_PHRASE = 8
_MOST_READINGS = 12
# Words that are as likely to be about keys as of them: a key is not found by one of them alone.
_NOT_ALONE = VERBS | listed("""
    read reads keep hold key value new old first last count number type user users update change log
""")
# Nouns for many keys: part of a name only right behind what it follows there (`api_key`).
_NOUNS = listed("keys settings values configurations configs options parameters properties items")
# Words that hold a sentence together: no key is found by them alone.
_STOP = listed("""
    a an the this that these those of for in on at to from with by and or is are was were be
    been do does did has have had not no it its my our your me we i you they what which who
    whom when where why how but if than then there here as into only all any some every each
    both secrets since until before after between can could should would will show list
    changed change changes please , ;
""")


class Reading(NamedTuple):
    """A way to find keys by spoken words.

    Attributes:
        words: what is looked for; what was said, or what it stands for.
        places: the keys that have all of them.
        cost: how many words had to be guessed.
    """

    words: tuple[str, ...]
    places: frozenset[int]
    cost: float


def clauses(text: Text, vocabulary: Vocabulary) -> Iterator[Clause]:
    """Yield every name at every token of a question."""
    tokens = text.lower.split(" ")
    typed = text.raw.split(" ")
    for place, start in enumerate(text.starts):
        yield from _users(tokens[place : place + _LONGEST_NAME], start, vocabulary)
        yield from _typed(typed[place], start, vocabulary)
        yield from _typos(tokens, place, start, vocabulary)
        alone = tokens[place] not in _NOT_ALONE or tokens[max(place - 1, 0)] in DETERMINERS
        for clause in _spoken(typed[place : place + _LONGEST_PHRASE], start, vocabulary):
            if alone or clause.end > start + len(tokens[place]):
                yield clause


def _users(tokens: list[str], start: int, vocabulary: Vocabulary) -> Iterator[Clause]:
    for length in range(1, len(tokens) + 1):
        said = unquoted(" ".join(tokens[:length]))
        end = start + len(" ".join(tokens[:length]))
        user = vocabulary.names.user(said)
        if user:
            yield Clause(start, end, NAME, (("author", user),))


def _typos(tokens: list[str], place: int, start: int, vocabulary: Vocabulary) -> Iterator[Clause]:
    """Yield what a word with a typo means where only a user can stand."""
    before = tokens[place - 1] if place else ""
    said = tokens[place]
    end = start + len(said)
    if before in {"by", "did", "has"}:
        user = nearest(said, vocabulary.names.users)
        if user:
            yield Clause(start, end, GUESS, (("author", user),))


def _typed(raw: str, start: int, vocabulary: Vocabulary) -> Iterator[Clause]:
    """Yield what a token is that was typed as a key, a path or a value rather than spoken."""
    end = start + len(raw)
    said = unquoted(raw)
    index = vocabulary.index
    separated = bool(re.search(r"[\w*][./_-]", said)) or said != raw
    known = index.exact(said) if said.lower() not in _STOP else None
    if known and separated:
        yield Clause(start, end, KEY, (("key", known),))
    below = index.below(said) if separated or said.endswith("*") else None
    if below:
        yield Clause(start, end, KEY + 0.05, (("path", below),))
    elif separated and not known and index.holding(said):
        yield Clause(
            start, end, KEY + 0.1, (("words", Reading((said,), frozenset(index.holding(said)), 0)),)
        )
    value = as_value(said, vocabulary) if said.lower() not in _STOP else None
    if value is not None:
        yield Clause(start, end, GUESS, (("bare_value", value),))


def _spoken(typed: list[str], start: int, vocabulary: Vocabulary) -> Iterator[Clause]:
    """Yield the phrases from the first token on that find keys."""
    live: dict[int, list[Reading]] = {0: [Reading((), frozenset(), 0.0)]}
    for used in range(len(typed)):
        for reading in live.get(used, ()):
            for length, longer in _longer(reading, typed, used, vocabulary):
                live.setdefault(used + length, []).append(longer)
        live[used + 1] = sorted(live.get(used + 1, ()), key=_guessed)[:_MOST_READINGS]
    for used, readings in live.items():
        chosen = _chosen(readings) if used and readings else None
        if chosen:
            end = start + len(" ".join(typed[:used]))
            yield Clause(start, end, WORDS + chosen.cost, (("words", chosen),))


def _longer(
    reading: Reading, typed: list[str], used: int, vocabulary: Vocabulary
) -> Iterator[tuple[int, Reading]]:
    """Yield a reading with the next word added, and how many tokens that is."""
    for length, found in _options(typed, used, vocabulary):
        places = found.places & reading.places if reading.words else found.places
        if typed[used].lower() in _NOUNS:
            places = _adjacent(reading.words, typed[used].lower(), places, vocabulary.index)
        if places:
            words = reading.words + found.words
            yield length, Reading(words, places, reading.cost + found.cost)


def _guessed(reading: Reading) -> float:
    return reading.cost


def _adjacent(
    before: tuple[str, ...], noun: str, places: frozenset[int], index: KeyIndex
) -> frozenset[int]:
    """Return the keys in which a noun follows the word before it."""
    if not before:
        return frozenset()
    pair = (stem(before[-1]), stem(noun))
    return frozenset(
        place for place in places if pair in pairwise(map(stem, words_of(index.keys[place])))
    )


def _chosen(readings: list[Reading]) -> Reading | None:
    """Return the least guessed reading; None if several would find different keys."""
    least = min(reading.cost for reading in readings)
    best = [reading for reading in readings if reading.cost == least]
    return best[0] if len({reading.places for reading in best}) == 1 else None


def _options(typed: list[str], used: int, vocabulary: Vocabulary) -> Iterator[tuple[int, Reading]]:
    """Yield how many tokens from `used` on are a word of keys, and which."""
    following = typed[used : used + _LONGEST_NAME]
    spoken = following[0][:1] != "“" and "://" not in following[0]
    if spoken and following[0].lower() not in _STOP:
        yield from ((1, reading) for reading in _literal(following[0], vocabulary.index))
    yield from _joined(following, vocabulary.index)
    for length in range(1, len(following) + 1):
        said = " ".join(following[:length]).lower()
        for reading in _synonyms(said, vocabulary) if said not in _STOP else ():
            yield length, reading


def _joined(following: list[str], index: KeyIndex) -> Iterator[tuple[int, Reading]]:
    """Yield two tokens that are one word in keys: `time out`."""
    pair = [token.lower() for token in following[:2]]
    joined = "".join(pair)
    if len(pair) > 1 and joined.isalnum() and not _STOP.intersection(pair):
        places = index.of_word(joined)
        if places:
            yield 2, Reading((joined,), frozenset(places), 0.0)


def _synonyms(said: str, vocabulary: Vocabulary) -> Iterator[Reading]:
    *others, last = said.split(" ")
    targets = vocabulary.synonyms.get(said) or vocabulary.synonyms.get(
        " ".join((*others, stem(last))), ()
    )
    for target in targets:
        places = _all_of(words_of(target), vocabulary.index)
        if places:
            yield Reading(words_of(target), places, 0.3)


def _literal(said: str, index: KeyIndex) -> Iterator[Reading]:
    words = words_of(said)
    places = _all_of(words, index)
    if places:
        yield Reading(words, places, 0.0)
        return
    if len(words) == 1:
        for form in _forms(words[0]):
            places = index.of_word(form)
            if places:
                yield Reading((form,), frozenset(places), 0.2)
        begun = index.begun_by(words[0])
        if begun:
            yield Reading(words, frozenset(begun), 0.2)


def _all_of(words: tuple[str, ...], index: KeyIndex) -> frozenset[int]:
    return in_all(index.of_word(word) for word in words)


def _forms(word: str) -> Iterator[str]:
    """Yield what a verb form may come from: `caching` from `cache`, `pooled` from `pool`."""
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) > 2:  # noqa: PLR2004 - `king` is no form of `k`
            yield root
            yield root + "e"
            if root[-1] == root[-2]:
                yield root[:-1]
