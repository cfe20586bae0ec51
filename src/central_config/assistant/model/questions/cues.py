"""The English around the names: what asks, filters, counts and orders.

Everything that is no name of the tenant's must be in the tables, or the question is not
understood: `except`, `more than` and `or` are missing on purpose where a plan cannot say them.
"""

import re
from collections.abc import Iterator, Mapping

from central_config.assistant.model.language.key_index import KeyIndex
from central_config.assistant.model.language.listed import listed
from central_config.assistant.model.questions.asking import ASKING
from central_config.assistant.model.questions.clauses import CUE, GUESS, NOISE, WORDS, Clause, Slot
from central_config.assistant.model.questions.filtering import FILTERING
from central_config.assistant.model.questions.grammar import DETERMINERS, VERBS, Said, compiled
from central_config.assistant.model.questions.spans import lapse
from central_config.assistant.model.questions.text import Text, is_country

_NOISE = listed("""
    a an the this these those of for in on at to from with within inside into as about
    regarding concerning per via is am are be being been do does did has have had having
    it its they them their there that which what whose me us we our i you your please pls
    kindly hey hi hello ok so any some all each every everything anything something
    currently now right present presently actually exactly just show give tell see find me
    let know want would like value values key keys configuration configurations configs
    config setting settings entry entries parameter parameters params param things stuff
    option options property properties variable variables item items current
    actual exist exists existing available overall complete full entire whole
""")
_WHETHER = frozenset(("is", "are", "does", "do"))
_AFTER_VERBS = listed("""
    for me all every the any which what up at us through
""")
_RULES = tuple((compiled(pattern), means) for pattern, means in (*ASKING, *FILTERING))


def clauses(text: Text, index: KeyIndex) -> Iterator[Clause]:
    """Yield every cue at every token of a question."""
    tokens = text.lower.split(" ")
    typed = text.raw.split(" ")
    for place, start in enumerate(text.starts):
        if not is_country(typed, place):
            yield from _words(tokens, place, start, index)
        for pattern, means in _RULES:
            found = pattern.match(text.lower, start)
            if found and found.end() > start:
                yield Clause(start, found.end(), CUE, tuple(_filled(means, found, text)))


def _words(tokens: list[str], place: int, start: int, index: KeyIndex) -> Iterator[Clause]:
    """Yield what a word is that by itself says nothing, unlike a last `from` or `from A to B`."""
    word = tokens[place]
    whether = not place and word in _WHETHER
    meaning: tuple[tuple[Slot, object], ...] = (("whether" if whether else "noise", True),)
    if word in _NOISE and (word, place) != ("from", len(tokens) - 1):
        from_to = word == "from" and tokens[place + 2 : place + 3] == ["to"]
        yield Clause(start, start + len(word), WORDS if from_to else NOISE, meaning)
    if word in VERBS:
        asks = not index.of_word(word) or bool(_AFTER_VERBS & {*tokens[place + 1 : place + 2]})
        if asks or not place or tokens[place - 1] not in DETERMINERS:
            yield Clause(start, start + len(word), NOISE if asks else GUESS, meaning)


def _filled(
    means: Mapping[Slot, object], found: re.Match[str], text: Text
) -> Iterator[tuple[Slot, object]]:
    groups = found.groupdict()
    for slot, value in means.items():
        if value is Said.NUMBER:
            yield slot, lapse(f"{groups['it']} days").days
        elif value is Said.LAPSE:
            yield slot, lapse(groups["it"])
        elif value is Said.TEXT:
            name = "it" if "it" in groups else 0
            yield slot, text.raw[found.start(name) : found.end(name)]
        else:
            yield slot, value
