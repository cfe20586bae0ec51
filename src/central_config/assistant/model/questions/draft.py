"""The clauses of one question by their slots, and what several of them say together."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from central_config.assistant.model.language.vocabulary import Vocabulary
from central_config.assistant.model.questions.clauses import Clause, Slot
from central_config.assistant.model.questions.times import Period

_NAMES_KEYS = {"key", "path", "beginning", "words", "text", "ending"}
_FURTHER = {
    "environment",
    "period",
    "lapse",
    "secret",
    "status",
    "own",
    "author",
    "by",
    "limit",
    "last",
}


class DisagreeError(Exception):
    """The clauses of a question do not make one plan."""


class Draft:
    """The clauses of a question by their slots, in the order of the question.

    Args:
        row: the clauses.
        vocabulary: the words of the tenant.
        now: what times are relative to.
        here: the environment that the caller is looking at.
    """

    def __init__(
        self, row: Sequence[Clause], vocabulary: Vocabulary, now: datetime, here: str | None
    ) -> None:
        self.vocabulary = vocabulary
        self.now = now
        self.here = here
        self.order: list[tuple[Slot, object]] = [
            (slot, value) for clause in row for slot, value in clause.means if slot != "noise"
        ]
        self.slots: dict[Slot, list[object]] = {}
        for slot, value in self.order:
            self.slots.setdefault(slot, []).append(value)

    def has(self, *slots: Slot) -> bool:
        """Return whether the question speaks of any of them."""
        return any(slot in self.slots for slot in slots)

    def one(self, slot: Slot) -> object | None:
        """Return what fills a slot, or None.

        Raises:
            DisagreeError: two different things fill it.
        """
        values = self.slots.get(slot, [])
        if any(value != values[0] for value in values):
            raise DisagreeError(slot)
        return values[0] if values else None

    def text(self, slot: Slot) -> str | None:
        """Return the text that fills a slot, or None."""
        value = self.one(slot)
        return value if isinstance(value, str) else None

    def flag(self, slot: Slot) -> bool | None:
        """Return the yes or no that fills a slot, or None."""
        value = self.one(slot)
        return value if isinstance(value, bool) else None

    def number(self, slot: Slot) -> int | None:
        """Return the number that fills a slot, or None."""
        value = self.one(slot)
        return value if isinstance(value, int) else None

    def only(self, *allowed: Slot) -> None:
        """Check that nothing else was said.

        Raises:
            DisagreeError: something was that the plan could not say.
        """
        if set(self.slots) - set(allowed):
            raise DisagreeError(", ".join(set(self.slots) - set(allowed)))

    def environments(self) -> tuple[str, ...]:
        """Return where to look: as said, else where the caller is looking."""
        named = tuple(dict.fromkeys(str(slug) for slug in self.slots.get("environment", [])))
        if self.has("environment_noun") and not named:
            raise DisagreeError("environment")
        if self.has("everywhere", "which_environment"):
            if named:
                raise DisagreeError("everywhere")
            return ()
        if self.has("here"):
            if not self.here:
                raise DisagreeError("here")
            named = (*named, self.here)
        return named or ((self.here,) if self.here else ())

    def period(self) -> Period:
        """Return the time that was said; both ends open if none was."""
        periods = [one for one in self.slots.get("period", []) if isinstance(one, Period)]
        since = [one.since for one in periods if one.since]
        until = [one.until for one in periods if one.until]
        if len(since) > 1 or len(until) > 1:
            raise DisagreeError("period")
        if self.has("lapse"):
            if since:
                raise DisagreeError("period")
            since = [self.now - self.lapse()]
        return Period(next(iter(since), None), next(iter(until), None))

    def lapse(self) -> timedelta:
        """Return how long something has not happened for."""
        value = self.one("lapse")
        return value if isinstance(value, timedelta) else timedelta(0)

    def check_joins(self) -> None:
        """Check that what `and`, `or` and commas join is what one plan can say.

        Raises:
            DisagreeError: it joins keys, questions or alternatives.
        """
        for place, (slot, word) in enumerate(self.order):
            if slot == "join":
                before = self._slot(place - 1)
                after = self._slot(place + 1)
                if not _joins(str(word), before, after):
                    raise DisagreeError(f"{before} {word} {after}")

    def _slot(self, place: int) -> str:
        """Return the slot at a place, or nothing where the question begins and ends."""
        return self.order[place][0] if 0 <= place < len(self.order) else ""


def _joins(word: str, before: str, after: str) -> bool:
    if before == after == "environment" or "join" in {before, after}:
        return True
    if before in _NAMES_KEYS and after in _NAMES_KEYS:
        return False
    if word == ",":
        return True
    return word == "and" and after in _FURTHER and before not in {"", after}
