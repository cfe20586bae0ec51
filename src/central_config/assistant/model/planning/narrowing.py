"""Which keys a plan is about: what the question itself names, then what a model takes it for."""

import math
from collections.abc import Iterable, Iterator

import msgspec

from central_config.assistant.model.language.associations import idle_words, root
from central_config.assistant.model.language.key_index import KeyIndex, stem, words_of
from central_config.assistant.model.language.listed import listed
from central_config.assistant.model.language.word_index import alike
from central_config.assistant.model.planning.choosing import one_key, service, several_keys
from central_config.assistant.model.planning.evidence import Evidence
from central_config.assistant.model.planning.facts import Facts
from central_config.assistant.model.plans import Plan
from central_config.assistant.model.questions.phrases import Reading

# Below this share of common trigrams a word of the question does not stand for one of the model's.
_ALIKE = 0.5
# `log` may stand for `logging`, `to` for nothing.
_SHORTEST = 3
# All sets of phrases are tried: two to the power of so many.
_MOST_READINGS = 9
# Words for a kind of thing, or of service: what they belong to says which.
_KINDS = listed("""
    service name number limit size level max min maximum minimum count type mode new old default
    user keep index path file value key access enabled group hour minute second day version time
    page order format source host request change link account system
""")


# By themselves these name no keys.
_UNITS = frozenset(
    map(root, ("service", "days", "ms", "minutes", "hours", "seconds", "week", "year"))
)


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


def aim(plan: Plan, facts: Facts, *, broad: bool = False) -> Aim:
    """Return the keys that the question and the plan agree upon.

    `broad`: more likely a group of keys than one.
    """
    index = facts.vocabulary.index
    key = facts.first("key")
    if isinstance(key, str):
        return Aim(key=key, places=frozenset({index.keys.index(key)}))
    prefix = facts.first("path")
    if isinstance(prefix, str):
        return _below_path(prefix, plan, facts)
    return _most_spoken_for(plan, facts, broad=broad) or _gathered(plan, facts, _Gathering(index))


def _below_path(prefix: str, plan: Plan, facts: Facts) -> Aim:
    gathering = _Gathering(facts.vocabulary.index)
    gathering.narrow((), _below(prefix, gathering.index))
    return msgspec.structs.replace(_gathered(plan, facts, gathering), prefix=prefix)


def _most_spoken_for(plan: Plan, facts: Facts, *, broad: bool) -> Aim | None:
    """Return the keys for which all that is said together speaks, if it tells them from others."""
    index = facts.vocabulary.index
    evidence = Evidence(facts, plan.words)
    place = one_key(evidence, facts, literally=broad)
    words = several_keys(evidence, index.keys, literally=broad) if place is None else ()
    if place is not None:
        found = Aim(key=index.keys[place], places=frozenset({place}))
    elif words:
        found = _of_service(words, index) or Aim(words=words, places=frozenset(evidence.best))
    else:
        return None
    held = [index.keys[each].lower() for each in found.places or ()]
    left_out = (word for word in plan.words if not any(word.lower() in key for key in held))
    return msgspec.structs.replace(found, notes=tuple(map(_left_out, left_out)))


def _gathered(plan: Plan, facts: Facts, gathering: "_Gathering") -> Aim:
    """Return the keys that have what is named, word by word, as long as there are any."""
    index = gathering.index
    idle = idle_words() | _UNITS
    for reading in _together(facts.readings, plan.words, gathering.places, len(index.keys)):
        if not {root(word) for word in reading.words} <= idle:
            gathering.narrow(reading.words, reading.places)
    notes = tuple(_guesses(plan, facts, gathering))
    whole = _of_service(gathering.words, index)
    if whole is not None:
        return msgspec.structs.replace(whole, notes=notes)
    return Aim(
        words=_forms(gathering.words, gathering.places or frozenset(), index),
        places=gathering.places,
        notes=notes,
    )


def _of_service(words: tuple[str, ...], index: KeyIndex) -> Aim | None:
    """Return the keys of a service if its name is all that is said."""
    prefix = service(words[0], index.keys) if len(words) == 1 else None
    return None if prefix is None else Aim(prefix=prefix, places=_below(prefix, index))


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


def _together(
    readings: list[Reading], agreed: Iterable[str], within: frozenset[int] | None, keys: int
) -> tuple[Reading, ...]:
    """Return the phrases some keys hold all of that say the most of what the question says.

    A rare word says more than a common one, one that names a kind of thing (`limit`, `name`) next
    to nothing, and one that the model chose as well a little more.
    """
    stems = {stem(word) for word in agreed}
    worth = {
        number: _worth(reading, stems, keys)
        for number, reading in enumerate(readings[:_MOST_READINGS])
    }
    best: tuple[float, tuple[int, ...]] = (0.0, ())
    rows: list[tuple[tuple[int, ...], frozenset[int] | None]] = [((), within)]
    for number in worth:
        places = readings[number].places
        for row, held in tuple(rows):
            left = places if held is None else held & places
            if left:
                rows.append(((*row, number), left))
    for row, _ in rows:
        best = max(best, (sum(worth[number] for number in row), row))
    return tuple(readings[number] for number in best[1])


def _worth(reading: Reading, agreed: set[str], keys: int) -> float:
    kinds = sum(stem(word) in _KINDS for word in reading.words)
    rarity = 1 + math.log(max(keys, 1) / max(len(reading.places), 1))
    said = len(reading.words) - kinds * 0.9
    trust = 1.5 if any(stem(word) in agreed for word in reading.words) else 1.0
    return rarity * said * trust * (1 - min(reading.cost, 0.8) / 2)


def _guesses(plan: Plan, facts: Facts, gathering: _Gathering) -> Iterator[str]:
    """Add the words of the model that the question bears out; tell of the others.

    A model that has no idea names the first words that come to its mind: none is taken on trust.
    """
    for word in plan.words:
        if gathering.holds(word):
            continue
        supported = any(_stands_for(said, word) for said in (*facts.unexplained, *facts.cued))
        if not supported or not gathering.narrow((word,), gathering.index.of_word(word)):
            yield _left_out(word)


def _left_out(word: str) -> str:
    return f"“{word}” was left out: the question does not speak of it"


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
