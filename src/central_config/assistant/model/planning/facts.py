"""What a question says beyond doubt, whatever a model makes of the rest.

The parser's clauses are read here too, but words that nothing explains are allowed to remain: a
model is asked exactly because there are some.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from central_config.assistant.model.language.names import nearest
from central_config.assistant.model.language.vocabulary import Vocabulary
from central_config.assistant.model.planning.hints import Hint, hints
from central_config.assistant.model.questions import cover
from central_config.assistant.model.questions.clauses import Slot
from central_config.assistant.model.questions.draft import DisagreeError, Draft
from central_config.assistant.model.questions.parser import offered
from central_config.assistant.model.questions.phrases import Reading
from central_config.assistant.model.questions.text import read, unquoted
from central_config.assistant.model.questions.times import Period

# `db.internal`, `5432`, `a@b.c`, `10.0.0.1:80`: nobody says such a thing unless it is a value.
_LITERAL = re.compile(r"(?=.*[\d.:@/])[\w.:@/+%-]*\w")


# Words that name nothing, beyond those the parser passes over.
_FILLING_WORDS = """
hm hmm um uh ah oh well hey other others one ones same knob knobs stuff thing things bit
bits bunch lot lots way ways kind sort service services system systems app apps team folks
people guys everybody everyone anybody somebody someone anyone nobody none still even really
actually just please tell give rundown overview summary idea hint word words number again
ever never yet already too also then than more most less least much very quite rather such
like around across over under out off up down go goes going gone come comes coming keep
keeps kept run runs running work works take takes took make makes made put puts be been
being am not no yes ok and or but so if because while got get gets getting recently lately i
you he she we they me him her us them my your his our their mine yours ours theirs myself
whatever whichever wherever whoever exactly precisely currently today now here there place
places side far long short big small new old good bad right wrong whole part parts
"""
_FILLING = frozenset(_FILLING_WORDS.split())
# What somebody does names no configuration: `tinkering`, `fiddled`, `recently`.
_VERBAL = re.compile(r"(?:ing|ed|ly)$")
# What is spoken of as a thing stands between these.
_BEFORE_NAMES = frozenset(
    (
        "the",
        "of",
        "for",
        "about",
        "with",
        "our",
        "your",
        "any",
        "all",
        "at",
        "on",
        "in",
        "from",
        "to",
    )
)
_AFTER_NAMES = frozenset(
    ("stuff", "things", "settings", "setting", "config", "configuration", "service", "options")
)
_CUES_AND_NAMES = frozenset(("log", "logs", "count", "version", "limit", "source", "origin"))
# Not a time: `what has she been up to this week`.
_UP_TO = re.compile(r"(?<=\bbeen )up to\b", re.IGNORECASE)


class Facts:
    """A question, as far as it is understood.

    Args:
        question: as asked.
        vocabulary: the words of the tenant, for the caller.
        now: what times are relative to, UTC.
        environment: where the caller is looking.
    """

    def __init__(
        self, question: str, vocabulary: Vocabulary, now: datetime, environment: str | None
    ) -> None:
        text = read(_UP_TO.sub("doing", question))
        row = next(iter(cover.cheapest(text, offered(text, vocabulary, now))), ())
        self._said = Draft(row, vocabulary, now, environment)
        self.vocabulary = vocabulary
        self.now = now
        self.here = environment
        self.tokens = tuple(unquoted(token) for token in text.lower.split(" "))
        self._hints = hints(text.lower)
        self.unknown = tuple(str(word).lower() for word in self.all("unknown"))

    def all(self, slot: Slot) -> list[object]:
        """Return everything that fills a slot, in the order of the question."""
        return self._said.slots.get(slot, [])

    def first(self, slot: Slot) -> object | None:
        """Return the first that fills a slot, or None."""
        return next(iter(self.all(slot)), None)

    def says(self, *slots: Slot) -> bool:
        """Return whether the question speaks of any of them."""
        return self._said.has(*slots)

    def hints_at(self, *wanted: Hint) -> bool:
        """Return whether a loose word supports any of them."""
        return any(hint in self._hints for hint in wanted)

    @property
    def hinted(self) -> Iterable[Hint]:
        """Everything that loose words support."""
        return self._hints

    @property
    def unexplained(self) -> tuple[str, ...]:
        """The words that may name something, and that nothing makes anything of."""
        meant = frozenset[str]().union(*self._hints.values())
        return tuple(
            word
            for word in self.unknown
            if word not in _FILLING and word not in meant and not _VERBAL.search(word)
        )

    @property
    def unnamed(self) -> bool:
        """Whether something is spoken of as a thing (`the twilio token`) that nothing explains."""
        spoken = zip(("", *self.tokens), self.tokens, (*self.tokens[1:], ""), strict=False)
        things = {
            token
            for before, token, after in spoken
            if before in _BEFORE_NAMES or after in _AFTER_NAMES
        }
        return not things.isdisjoint(self.unexplained)

    @property
    def cued(self) -> tuple[str, ...]:
        """The words that the parser may take for cues and that are words of keys as well."""
        return tuple(token for token in self.tokens if token in _CUES_AND_NAMES)

    @property
    def blank(self) -> bool:
        """Whether not one word of it is understood."""
        return not self._hints and set(self._said.slots) <= {"unknown", "join"}

    @property
    def naming(self) -> tuple[str, ...]:
        """The words that keys may be found by."""
        said = (*self.all("key"), *self.all("path"), *self.all("text"))
        found = (word for reading in self.readings for word in reading.words)
        return tuple(dict.fromkeys((*map(str, said), *found, *self.unexplained)))

    def newly(self, hint: Hint) -> bool:
        """Return whether a loose word supports it that nothing else makes anything of."""
        return not self._hints.get(hint, frozenset()).isdisjoint(self.unknown)

    @property
    def retiring(self) -> bool:
        """Whether it speaks of a status."""
        return self.hints_at("deprecated", "archived", "draft")

    @property
    def outside(self) -> bool:
        """Whether it asks for something that no configuration is, nor any key is called."""
        return self.newly("outside") or self.hints_at("foreign")

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments that are named, in the order of the question."""
        return tuple(dict.fromkeys(str(slug) for slug in self.all("environment")))

    @property
    def places(self) -> tuple[str, ...]:
        """Where to look: as named, else where the caller is looking, unless everywhere is meant."""
        if self.environments or self.says("everywhere", "which_environment") or not self.here:
            return self.environments
        return (self.here,)

    @property
    def readings(self) -> list[Reading]:
        """The phrases that find keys."""
        return [one for one in self.all("words") if isinstance(one, Reading)]

    @property
    def order(self) -> list[tuple[Slot, object]]:
        """Everything that is said, in order."""
        return self._said.order

    def period(self) -> Period:
        """Return the time that is said, both ends open if none is or several are."""
        try:
            return self._said.period()
        except DisagreeError:
            return Period()

    def author(self) -> str | None:
        """Return the user who is named, or as good as named."""
        named = self.first("author")
        if isinstance(named, str):
            return named
        nearly = (nearest(word, self.vocabulary.names.users) for word in self.unknown)
        return next((user for user in nearly if user), None)

    def literal(self) -> str | None:
        """Return what can only be a value, though the question does not call it one."""
        bare = self.first("bare_value")
        if isinstance(bare, str):
            return bare
        return next((word for word in self.unknown if _LITERAL.fullmatch(word)), None)
