"""A question as the parser and the guard read it: one space between tokens, beside its own case."""

import re
from collections.abc import Sequence

import msgspec

LONGEST = 500

_CONTRACTIONS = (
    (re.compile(r"\bu\.s\.(?:a\.)?(?=\W|$)", re.IGNORECASE), "US"),
    (re.compile(r"\be\.u\.(?=\W|$)", re.IGNORECASE), "EU"),
    (re.compile(r"\bu\.k\.(?=\W|$)", re.IGNORECASE), "UK"),
    (re.compile(r"\b(won)'t\b", re.IGNORECASE), "will not"),
    (re.compile(r"\b(can)'?not\b|\bcan't\b", re.IGNORECASE), "can not"),
    (re.compile(r"(?<=[a-z])n't\b", re.IGNORECASE), " not"),
    (
        re.compile(
            r"\b(have|has|had|is|are|was|were|do|does|did|could|would|should)nt\b", re.IGNORECASE
        ),
        r"\1 not",
    ),
    (re.compile(r"(?<=[a-z])'re\b", re.IGNORECASE), " are"),
    (re.compile(r"(?<=[a-z])'ve\b", re.IGNORECASE), " have"),
    (re.compile(r"(?<=[a-z])'ll\b", re.IGNORECASE), " will"),
    (re.compile(r"\bi'd\b", re.IGNORECASE), "i would"),
    (re.compile(r"\blet's\b", re.IGNORECASE), "let us"),
    (
        re.compile(r"\b(what|who|where|when|how|why|which|that|there|here|it)'s\b", re.IGNORECASE),
        r"\1 is",
    ),
    (re.compile(r"\b(what|who|where|when|how|why)s\b", re.IGNORECASE), r"\1 is"),
    (re.compile(r"(?<=[a-z0-9])'s?(?=[\s?,.!]|$)", re.IGNORECASE), ""),
)
_QUOTED = re.compile(r"(?<!\S)([\"'`])(?P<inner>[^\"`]+?)\1(?=[\s?,.;:!)]|$)")
_STRAIGHT = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
_MARKS = re.compile(r"([,;=()]|[.:!?](?=[\s.:!?]|$))")
# `for us` and `tell us` are people.
_BEFORE_COUNTRIES = [
    [word]
    for word in "the in on over vs versus than between across".split()  # noqa: SIM905
]
_ENDS = frozenset(".;:,…")


class Text(msgspec.Struct, frozen=True):
    """A question in tokens.

    Attributes:
        lower: tokens between single spaces, in small letters; quoted text stands as one token
            between `“` and `”`, its spaces made unbreakable.
        raw: the same, letter for letter, in its own case.
        starts: where in them each token starts.
    """

    lower: str
    raw: str
    starts: tuple[int, ...]


def read(question: str) -> Text:
    """Return the question in tokens: contractions spelt out, possessives and marks dropped."""
    text = _QUOTED.sub(_as_token, question.translate(_STRAIGHT))
    for pattern, long in _CONTRACTIONS:
        text = pattern.sub(long, text)
    text = _MARKS.sub(r" \1 ", text)
    spoken = ["." if word in {"?", "!"} else word for word in re.findall(r"[^ \t\r\n]+", text)]
    while spoken and spoken[-1] in _ENDS:
        spoken.pop()
    return _joined([word for word in spoken if word not in {"(", ")", ":"}])


def is_country(typed: Sequence[str], place: int) -> bool:
    """Return whether `us` is the country there: `the us`, `in us`, or `US` in a quiet question."""
    word = typed[place]
    if word.lower() != "us":
        return False
    loud = all(token.isupper() for token in typed if token.isalpha())
    return (word.isupper() and not loud) or typed[place - 1 : place] in _BEFORE_COUNTRIES


def unquoted(token: str) -> str:
    """Return what stands between the quotes of a token, or the token."""
    if token[:1] == "“" and token[-1:] == "”":
        return token[1:-1].replace("\u00a0", " ")
    return token


def _as_token(found: re.Match[str]) -> str:
    inner = found["inner"].strip().replace(" ", "\u00a0")
    return f"“{inner}”" if inner else " "


def _joined(tokens: list[str]) -> Text:
    raw = " ".join(tokens)
    starts: list[int] = []
    at = 0
    for token in tokens:
        starts.append(at)
        at += len(token) + 1
    return Text(lower="".join(map(_small, raw)), raw=raw, starts=tuple(starts))


def _small(letter: str) -> str:
    small = letter.lower()
    return small if len(small) == 1 else letter
