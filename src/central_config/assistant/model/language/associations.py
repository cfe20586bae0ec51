"""What people say when they mean a setting, and the words such settings are called by.

Looser than synonyms: `how long` is no other word for `ttl`, but who asks how long something lasts
means a setting called `ttl`, `timeout` or `retention` rather than one called `host`. It only speaks
for keys; whether one of them is meant is decided elsewhere. The table itself is a text beside this
file: `said | said : word word`, in four parts.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

Sort = Literal["shapes", "subjects"]

_LONGEST = 4  # tokens of what is said
_GAP = ".."  # in what is said: up to so many other tokens
_WIDEST = 3
# `is search on staging` switches nothing on.
_SWITCHES = frozenset(("on", "off"))
_AFTER_PLACES = frozenset(("its", "the", "our", "a", "top", "my", "each", "every", "all"))


class Association(NamedTuple):
    """Something in a question that speaks for words of keys.

    Attributes:
        said: the tokens that say it.
        words: the words of keys it speaks for.
        sort: shapes: how it is asked (`how long`); subjects: what it is about (`two factor`).
    """

    said: tuple[str, ...]
    words: tuple[str, ...]
    sort: Sort


class _Table(NamedTuple):
    whole: Mapping[tuple[str, ...], tuple[str, ...]]
    begun: Mapping[str, tuple[str, ...]]
    gapped: Mapping[tuple[str, str], tuple[str, ...]]


def associations(tokens: Sequence[str]) -> Iterator[Association]:
    """Yield everything that the tokens of a question (small letters) associate, shapes first.

    A token is of one shape and of one subject at most.
    """
    roots = [root(token) for token in tokens]
    for sort in ("shapes", "subjects"):
        table = _tables()[sort]
        free = set(range(len(tokens)))
        for places, words in (*_whole(tokens, roots, table), *_gapped(tokens, roots, table)):
            if free.issuperset(places):
                free.difference_update(places)
                yield Association(tuple(tokens[place] for place in places), words, sort)


def _whole(
    tokens: Sequence[str], roots: Sequence[str], table: _Table
) -> Iterator[tuple[Sequence[int], tuple[str, ...]]]:
    """Yield where something is said in one piece: the longer first."""
    for length in range(_LONGEST, 0, -1):
        for at in range(len(tokens) - length + 1):
            words = table.whole.get(tuple(roots[at : at + length]), ())
            if not words and length == 1:
                words = _begun(tokens[at], table)
            if words and not _is_place(tokens, at + length - 1):
                yield range(at, at + length), words


def _begun(token: str, table: _Table) -> tuple[str, ...]:
    for length in range(len(token), 2, -1):
        if token[:length] in table.begun:
            return table.begun[token[:length]]
    return ()


def _gapped(
    tokens: Sequence[str], roots: Sequence[str], table: _Table
) -> Iterator[tuple[Sequence[int], tuple[str, ...]]]:
    """Yield where something is said around other words: `send it back`."""
    for first, start in enumerate(roots):
        for last in range(first + 1, min(first + 2 + _WIDEST, len(roots))):
            words = table.gapped.get((start, roots[last]))
            if words and not _is_place(tokens, last):
                yield (first, last), words


def _is_place(tokens: Sequence[str], at: int) -> bool:
    """Return whether a token is an `on` that says where: a thing follows, or dots for a name."""
    if tokens[at] not in _SWITCHES:
        return False
    after = tokens[at + 1] if at + 1 < len(tokens) else ""
    return after in _AFTER_PLACES or after.startswith("..")


@cache
def root(word: str) -> str:
    """Return what forms of a word have in common: `shipped`, `shipping` and `ships` are `ship`."""
    for ending, instead in (("ies", "y"), ("ied", "y"), ("ing", ""), ("ed", ""), ("s", "")):
        stump = word.removesuffix(ending)
        plural = ending != "s" or not stump.endswith(("s", "u", "i"))  # `pass`, `status`, `axis`
        if stump != word and len(stump) > 2 and plural:  # noqa: PLR2004
            word = stump + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsze":  # noqa: PLR2004
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word  # noqa: PLR2004


@cache
def idle_words() -> frozenset[str]:
    """Return the roots of words that name no setting, whatever keys are called."""
    return frozenset(root(word) for word in _parts()["idle"].split())


@cache
def _tables() -> Mapping[Sort, _Table]:
    parts = _parts()
    return {"shapes": _table(parts["shapes"]), "subjects": _table(parts["subjects"])}


def _parts() -> Mapping[str, str]:
    """Return the parts of the text by their headings."""
    place = files("central_config.assistant.model.language")
    text = place.joinpath("associations.txt").read_text(encoding="utf-8")
    parts: dict[str, str] = {}
    for part in text.split("\n[")[1:]:
        name, _, lines = part.partition("]\n")
        parts[name] = "\n".join(line for line in lines.splitlines() if not line.startswith("#"))
    return parts


def _table(text: str) -> _Table:
    whole: dict[tuple[str, ...], tuple[str, ...]] = {}
    begun: dict[str, tuple[str, ...]] = {}
    gapped: dict[tuple[str, str], tuple[str, ...]] = {}
    for line in filter(None, text.splitlines()):
        left, _, right = line.partition(" : ")
        words = tuple(right.split())
        for said in left.split("|"):
            tokens = said.split()
            if len(tokens) == 1 and tokens[0].endswith("*"):
                begun[tokens[0][:-1]] = begun.get(tokens[0][:-1], ()) + words
            elif _GAP in tokens:
                ends = root(tokens[0]), root(tokens[-1])
                gapped[ends] = gapped.get(ends, ()) + words
            else:
                roots = tuple(root(token.rstrip("*")) for token in tokens)
                whole[roots] = whole.get(roots, ()) + words
    return _Table(whole, begun, gapped)
