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
from central_config.assistant.model.planning.outside import (
    asked,
    foreign,
    granted,
    personal,
    without_afterthought,
    without_purpose,
)
from central_config.assistant.model.questions import cover
from central_config.assistant.model.questions.clauses import Slot
from central_config.assistant.model.questions.draft import DisagreeError, Draft
from central_config.assistant.model.questions.parser import offered
from central_config.assistant.model.questions.phrases import Reading
from central_config.assistant.model.questions.text import read, unquoted
from central_config.assistant.model.questions.times import Period

# `db.internal`, `5432`, `a@b.c`, `10.0.0.1:80`: nobody says such a thing unless it is a value.
_LITERAL = re.compile(r"(?=.*[\d.:@/])[\w.:@/+%-]*\w|[a-z]+://")
# `plain http` is what addresses begin with that nothing encrypts.
_PLAIN = re.compile(r"\b(?:plain|unencrypted|insecure|bare) http\b(?!:)")
# `when does it run` asks for a setting, `when did it change` for the past.
_WHEN_NOW = re.compile(
    r"\b(?:when|what time|which day) (?:does|do|is|are|will|can|must|should)\b(?!.*\bchanged\b)"
)
_ONLY_THERE = re.compile(
    r"\bonly (?:the )?\S+ (?:has|have)$|\b(?:exists?|present) (?:\S+ ){0,3}only\b"
    r"|\bonly (?:exists?|present)\b"
)
_EACH = frozenset(("every", "each", "any", "no"))
_SECRETS = frozenset(("passwords", "passphrases", "credentials", "logins", "tokens"))
_MISTYPED = frozenset(
    ("wrong", "bad", "failed", "false", "invalid", "incorrect", "weak", "mistyped")
)
_POINTING = frozenset(("it", "that", "this", "those", "these", "them", "one", "thing"))
_FEW_WORDS = 6
# `show when they need help` says under which condition, `when they changed` at the start asks.
_WHENEVER = re.compile(
    r"(?<!know )(?<!me )(?<!us )(?<!and )(?<!or )(?<!out )(?<!since )(?<=\S )when (?!exactly\b)"
    r"(?:they|she|he|it|you|we|one|some(?:one|body)|customers?|shoppers?|people|an?|users?|no"
    r"|there)\b"
)
_LONG = 6
# What may follow a value: no noun that it would only describe, as in `on manual review`.
CLOSING = frozenset(
    ("", ".", ",", ";", "in", "on", "at", "for", "and", "or", "but", "now", "right", "rather",
     "instead", "today", "still", "currently", "anywhere", "somewhere", "here", "there", "with",
     "by", "of", "as", "since", "while", "everywhere", "these", "this", "yet", "already", "any")
)  # fmt: skip


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
FILLING = frozenset(_FILLING_WORDS.split())
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


# What says when, where, who or of which sort speaks of no key.
_SETTLED = frozenset(
    (
        "period", "lapse", "environment", "environment_noun", "author", "limit", "everywhere",
        "here", "idle", "value", "contains", "bare_value", "status", "action", "secret", "own",
        "kinds", "only", "absent", "lacking", "recent", "newest",
    )
)  # fmt: skip
_ASKING: tuple[Hint, ...] = (
    "explain", "compare", "changes", "unread", "unchanged", "removed", "set", "deprecated",
    "archived", "draft", "own", "inherited", "missing", "value",
)  # fmt: skip


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
        text = read(
            _UP_TO.sub("doing", without_purpose(without_afterthought(question, vocabulary)))
        )
        row = next(iter(cover.cheapest(text, offered(text, vocabulary, now))), ())
        self._said = Draft(row, vocabulary, now, environment)
        self.vocabulary = vocabulary
        self.now = now
        self.here = environment
        self.tokens = tuple(unquoted(token) for token in text.lower.split(" "))
        self.clauses, self._text = row, text
        self._hints = hints(text.lower)
        self._asked = read(asked(question)).lower
        self.lower = text.lower
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
            if word not in FILLING and word not in meant and not _VERBAL.search(word)
        )

    @property
    def unnamed(self) -> bool:
        """Whether something is spoken of as a thing (`the twilio token`) that nothing explains."""
        return bool(self.things)

    @property
    def things(self) -> tuple[str, ...]:
        """What is spoken of as a thing that nothing explains."""
        spoken = zip(("", *self.tokens), self.tokens, (*self.tokens[1:], ""), strict=False)
        named = {
            token
            for before, token, after in spoken
            if before in _BEFORE_NAMES or after in _AFTER_NAMES
        }
        return tuple(word for word in self.unexplained if word in named)

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

    @property
    def open(self) -> tuple[str, ...]:
        """The tokens that may speak of a key; dots stand where others were."""
        said = list(self._text.lower)
        for clause in self.clauses:
            if any(slot in _SETTLED for slot, _ in clause.means):
                said[clause.start : clause.end] = "." * (clause.end - clause.start)
        return tuple("".join(said).split(" "))

    @property
    def valued(self) -> str:
        """The value that is spoken of, if any; its words name no key."""
        said = self.first("value") or self.first("contains") or self.literal() or ""
        return str(said).lower()

    @property
    def hinting(self) -> frozenset[str]:
        """The words that say what is asked rather than of what."""
        return frozenset[str]().union(*(self._hints.get(hint, frozenset()) for hint in _ASKING))

    def newly(self, hint: Hint) -> bool:
        """Return whether a loose word supports it that nothing else makes anything of."""
        return not self._hints.get(hint, frozenset()).isdisjoint(self.unknown)

    @property
    def retiring(self) -> bool:
        """Whether it speaks of a status."""
        return self.hints_at("deprecated", "archived", "draft")

    @property
    def foreign(self) -> bool:
        """Whether it is about something else than configuration, whatever keys are called."""
        return foreign(self._asked) or (personal(self._asked) and self.author() is not None)

    @property
    def outside(self) -> bool:
        """Whether it asks for something that no configuration is, nor any key is called."""
        words = self._hints.get("outside", frozenset[str]()).intersection(self._asked.split(" "))
        return not words.isdisjoint(self.unknown) and not granted(self._asked)

    @property
    def whether(self) -> bool:
        """Whether it asks for a yes or no about one thing: `is klarna on`, not `are any on`."""
        return (
            re.match(r"(?:is|are|does|do|has|have)\b(?! (?:any|some|there))", self._asked)
            is not None
        )

    @property
    def exclusive(self) -> bool:
        """Whether it asks what is in one place alone, and says not compared to which."""
        return len(self.environments) == 1 and _ONLY_THERE.search(self.lower) is not None

    @property
    def lists_secrets(self) -> bool:
        """Whether it speaks of secrets by their kind: `passwords`, not `password lengths`."""
        spoken = zip(("", *self.tokens), self.tokens, (*self.tokens[1:], ""), strict=False)
        return any(
            (self._is_secrets(token) or (before in _EACH and f"{token}s" in _SECRETS))
            and before not in _MISTYPED
            and (after in CLOSING or not self.vocabulary.index.of_word(after))
            for before, token, after in spoken
        )

    def _is_secrets(self, word: str) -> bool:
        # `logins` are credentials, unless keys are about logging in.
        return word in _SECRETS and not (
            word == "logins" and self.vocabulary.index.of_word("login")
        )

    @property
    def changes_values(self) -> bool:
        """Whether it asks which values differ, rather than which keys."""
        return "values" in self.tokens and self.hints_at("changes", "own", "compare")

    @property
    def when(self) -> bool:
        """Whether it asks when something happened."""
        asks = "when" in _WHENEVER.sub("", self.lower).split(" ") or " time " in self.lower
        asks = asks or "date" in self.tokens or "day" in self.tokens
        return self.says("when") and asks and _WHEN_NOW.search(self.lower) is None

    @property
    def pointing(self) -> bool:
        """Whether it is short and points at something that was not said: `who did that`."""
        return len(self.tokens) <= _FEW_WORDS and not _POINTING.isdisjoint(self.tokens)

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments that are named, in the order of the question.

        A long word that nothing explains is one if it is the name of one but for a letter or two.
        """
        named = tuple(dict.fromkeys(str(slug) for slug in self.all("environment")))
        if named or self.says("everywhere", "which_environment"):
            return named
        spoken = self.vocabulary.names.spoken
        nearly = (
            nearest(word, spoken)
            for word in self.unknown
            # `prepared` is what somebody did rather than `preprod`.
            if len(word) >= _LONG and not _VERBAL.search(word)
        )
        return next((slugs for slugs in nearly if slugs), ())

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
        """Return the time that is said; of several, all from the first to the last."""
        try:
            return self._said.period()
        except DisagreeError:
            said = [one for one in self.all("period") if isinstance(one, Period)]
            since = [one.since for one in said if one.since]
            until = [one.until for one in said if one.until]
            bounded = len(said) == len(since) == len(until)
            return Period(min(since), max(until)) if bounded and said else Period()

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
        address = next((token for token in self.tokens if "://" in token), None)
        if address or _PLAIN.search(self.lower):
            return address or "http://"
        return next((word for word in self.unknown if _LITERAL.fullmatch(word)), None)
