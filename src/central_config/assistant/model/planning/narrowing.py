"""Which keys a plan is about: what the question itself names, then what a model takes it for."""

from collections.abc import Iterable, Iterator

import msgspec

from central_config.assistant.model.language.key_index import KeyIndex, stem, words_of
from central_config.assistant.model.planning.facts import Facts
from central_config.assistant.model.planning.retrieval import alike
from central_config.assistant.model.plans import Plan
from central_config.assistant.model.questions.phrases import Reading

# Below this share of common trigrams a word of the question does not stand for one of the model's.
_ALIKE = 0.5
# `log` may stand for `logging`, `to` for nothing.
_SHORTEST = 3


class Aim(msgspec.Struct, frozen=True):
    """Keys, by what they have in common.

    Attributes:
        key: exactly this one.
        prefix: those that begin so.
        words: those that hold all of these.
        places: which they are, by their place among all; None: no condition was found.
        notes: what was left out or guessed, in words.
    """

    key: str | None = None
    prefix: str | None = None
    words: tuple[str, ...] = ()
    places: frozenset[int] | None = None
    notes: tuple[str, ...] = ()


def aim(plan: Plan, facts: Facts) -> Aim:
    """Return the keys that the question and the plan agree upon."""
    index = facts.vocabulary.index
    key = facts.first("key")
    if isinstance(key, str):
        return Aim(key=key, places=frozenset({index.keys.index(key)}))
    prefix = facts.first("path")
    gathering = _Gathering(index)
    if isinstance(prefix, str):
        gathering.narrow((), _below(prefix, index))
    for reading in _by_trust(facts.readings, plan.words):
        gathering.narrow(reading.words, reading.places)
    notes = list(_guesses(plan, facts, gathering))
    return Aim(
        prefix=prefix if isinstance(prefix, str) else None,
        words=_forms(gathering.words, gathering.places or frozenset(), index),
        places=gathering.places,
        notes=tuple(notes),
    )


class _Gathering:
    """Words that some keys hold all of."""

    def __init__(self, index: KeyIndex) -> None:
        self.index = index
        self.words: tuple[str, ...] = ()
        self.places: frozenset[int] | None = None

    def narrow(self, words: tuple[str, ...], places: frozenset[int] | set[int]) -> bool:
        """Add a condition, unless no key would be left; return whether it was added."""
        left = frozenset(places) if self.places is None else self.places & places
        if not left:
            return False
        self.places = left
        self.words = tuple(dict.fromkeys((*self.words, *words)))
        return True

    def holds(self, word: str) -> bool:
        """Return whether a word is among them already."""
        return stem(word) in {stem(part) for each in self.words for part in words_of(each)}


def _by_trust(readings: list[Reading], chosen: Iterable[str]) -> list[Reading]:
    """Return the phrases, those first that the model chose too, then those that say the most."""
    stems = {stem(word) for word in chosen}

    def trust(reading: Reading) -> tuple[int, int, float, int]:
        agreed = sum(stem(word) in stems for word in reading.words)
        return -agreed, -len(reading.words), reading.cost, len(reading.places)

    return sorted(readings, key=trust)


def _guesses(plan: Plan, facts: Facts, gathering: _Gathering) -> Iterator[str]:
    """Add the words of the model that the question bears out, or leaves room for; tell of them.

    There is room for one where a thing was named that nothing explains, and no key was: a model
    that has no idea names several words, the first that come to its mind. Whoever asks for what
    nobody needs has many words for that, and seldom one for a key.
    """
    needless = facts.says("idle") or facts.hints_at("unread", "unchanged")
    room = facts.unnamed and gathering.places is None and not needless
    for word in plan.words:
        if gathering.holds(word):
            continue
        places = gathering.index.of_word(word)
        supported = any(_stands_for(said, word) for said in (*facts.unexplained, *facts.cued))
        if not (supported or room) or not gathering.narrow((word,), places):
            yield f"“{word}” was left out: the question does not speak of it"
        elif not supported:
            room = False
            yield f"“{word}” is a guess at what is meant"


def _stands_for(said: str, word: str) -> bool:
    return alike(word, said) >= _ALIKE or (len(said) >= _SHORTEST and word.startswith(said))


def _below(prefix: str, index: KeyIndex) -> frozenset[int]:
    return frozenset(place for place, key in enumerate(index.keys) if key.startswith(prefix))


def _forms(words: Iterable[str], places: Iterable[int], index: KeyIndex) -> tuple[str, ...]:
    """Return the words as all those keys hold them: `timeouts` as `timeout`."""
    keys = [index.keys[place].lower() for place in places]
    return tuple(dict.fromkeys(_form(word, keys) for word in words))


def _form(word: str, keys: list[str]) -> str:
    singular = stem(word)
    for form in dict.fromkeys((word, singular, singular.removesuffix("y"))):
        if all(form in key for key in keys):
            return form
    return word
