"""Which keys a question means: one, those below a path, or those that hold some words."""

import re
from collections.abc import Iterator

import msgspec

from central_config.assistant.model.language.key_index import KeyIndex, in_all, stem, words_of
from central_config.assistant.model.questions.draft import DisagreeError, Draft
from central_config.assistant.model.questions.phrases import Reading
from central_config.assistant.model.questions.text import unquoted

# One word alone, in the singular, finds at most so many keys that somebody could have meant.
_MEANT = 8


class Target(msgspec.Struct, frozen=True):
    """Which keys are meant.

    Attributes:
        key: exactly this.
        prefix: those that begin so.
        words: those that hold all of these.
        many: it is certain that several were asked for.
    """

    key: str | None = None
    prefix: str | None = None
    words: tuple[str, ...] = ()
    many: bool = False

    @property
    def vague(self) -> bool:
        """Whether no key is named at all."""
        return self.key is None and self.prefix is None and not self.words


def target(draft: Draft) -> Target:
    """Return the keys that a question means.

    Raises:
        DisagreeError: what it says about them finds none, or not what was meant.
    """
    index = draft.vocabulary.index
    changes = "changes" in draft.slots.get("intent", [])
    many = draft.has("many", "status") or (draft.has("count") and not changes)
    words, places = _found(draft)
    key = draft.text("key")
    prefix = _prefix(draft, index)
    if draft.has("below") and prefix is None:
        prefix, words, places, key = _below(key, words, places, index), (), None, None
    if key is not None:
        return _one_key(key, prefix, words, many=many)
    texts = tuple(_held(str(text), index) for text in draft.slots.get("text", []))
    texts += tuple(_ending(str(text), index) for text in draft.slots.get("ending", []))
    if places is None:
        return Target(prefix=prefix, words=texts, many=many)
    if prefix or texts:
        return Target(prefix=prefix, words=texts + _forms(words, places, index), many=True)
    return _by_words(words, places, index, many=many)


def _found(draft: Draft) -> tuple[tuple[str, ...], frozenset[int] | None]:
    """Return the words of all phrases, and the keys that have all of them."""
    readings = [one for one in draft.slots.get("words", []) if isinstance(one, Reading)]
    if not readings:
        return (), None
    places = in_all(one.places for one in readings)
    if not places:
        raise DisagreeError("no key has all these words")
    return tuple(dict.fromkeys(word for one in readings for word in one.words)), places


def _prefix(draft: Draft, index: KeyIndex) -> str | None:
    if draft.has("beginning"):
        said = unquoted(draft.text("beginning") or "").rstrip("*")
        known = index.beginning(said)
        if known is None or draft.has("path"):
            raise DisagreeError("no key begins so")
        return known
    return draft.text("path")


def _below(
    key: str | None, words: tuple[str, ...], places: frozenset[int] | None, index: KeyIndex
) -> str:
    """Return the path that is meant by its name or its words."""
    if key is not None:
        found = {index.below(key)} - {None}
    else:
        wanted = {stem(word) for word in words}
        found = {
            path
            for place in places or ()
            for path in _paths(index.keys[place])
            if {stem(word) for word in words_of(path)} == wanted
        }
    if len(found) != 1:
        raise DisagreeError("below what")
    return str(found.pop())


def _paths(key: str) -> Iterator[str]:
    for separator in re.finditer(r"[/.]", key):
        yield key[: separator.end()]


def _one_key(key: str, prefix: str | None, words: tuple[str, ...], *, many: bool) -> Target:
    spoken = {stem(word) for text in words for word in words_of(text)}
    if prefix is not None or not spoken <= {stem(word) for word in words_of(key)}:
        raise DisagreeError("a key, and something else")
    return Target(key=key, many=many)


def _by_words(
    words: tuple[str, ...], places: frozenset[int], index: KeyIndex, *, many: bool
) -> Target:
    if len(places) == 1:
        return Target(key=index.keys[next(iter(places))], many=many)
    named = [place for place in index.named(words) if place in places]
    if len(named) == 1 and not many:
        return Target(key=index.keys[named[0]])
    if not many and len(places) > _MEANT and _is_one(words, places, index):
        raise DisagreeError("one of too many")
    return Target(words=_forms(words, places, index), many=True)


def _is_one(words: tuple[str, ...], places: frozenset[int], index: KeyIndex) -> bool:
    """Return whether one word in the singular names keys themselves rather than their group."""
    word, *others = words
    if others or word != stem(word):
        return False
    ends = [words_of(re.split(r"[/.]", index.keys[place])[-1]) for place in places]
    return 2 * sum(word in map(stem, end) for end in ends) > len(ends)


def _forms(words: tuple[str, ...], places: frozenset[int], index: KeyIndex) -> tuple[str, ...]:
    """Return the words as all those keys hold them: `timeouts` as `timeout`."""
    keys = [index.keys[place].lower() for place in places]
    return tuple(_form(word, keys) for word in words)


def _form(word: str, keys: list[str]) -> str:
    singular = stem(word)
    root = singular.removesuffix("y")
    for form in dict.fromkeys((singular, word, root)):
        if all(form in key for key in keys):
            return form
    raise DisagreeError("no form of it is in all keys")


def _ending(said: str, index: KeyIndex) -> str:
    """Return a text that all keys which hold it end with: no plan can say more."""
    text = unquoted(said).lower()
    if not all(index.keys[place].lower().endswith(text) for place in index.holding(text)):
        raise DisagreeError("others hold it too")
    return _held(said, index)


def _held(said: str, index: KeyIndex) -> str:
    text = unquoted(said)
    if text == said and not index.holding(text):
        raise DisagreeError("no key holds it")
    return text
