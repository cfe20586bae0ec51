"""The clauses of one question by their slots, and what several of them say together."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import cast

from central_config.assistant.model.language.vocabulary import Vocabulary
from central_config.assistant.model.questions.clauses import Clause, Slot
from central_config.assistant.model.questions.times import Period, common

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


_GROUPS: tuple[Slot, ...] = ("stage", "region")


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
        said = [pair for clause in row for pair in clause.means if pair[0] != "noise"]
        self.order: list[tuple[Slot, object]] = list(_placed(said))
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
        if self.has("lapse"):
            periods.append(Period(since=self.now - self.lapse()))
        period = common(periods) if periods else Period()
        if period is None:
            raise DisagreeError("period")
        return period

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


def _placed(said: list[tuple[Slot, object]]) -> Iterator[tuple[Slot, object]]:
    """Yield what was said with the environments that stages and regions mean together.

    `production in europe` is what is both; `staging and europe` is two. Of a group of which one is
    named besides (`europe` the name of `prod-eu`), that one is meant.
    """
    named = {str(value) for slot, value in said if slot == "environment"}
    meant = {slot: _slugs(said, slot) for slot in _GROUPS}
    for slot, value in said:
        if slot not in _GROUPS or not isinstance(value, tuple):
            yield slot, value
            continue
        group = cast("tuple[str, ...]", value)
        others = meant["region" if slot == "stage" else "stage"]
        both = tuple(slug for slug in group if slug in others) or group
        if named.isdisjoint(both):
            for slug in both:
                yield "environment", slug


def _slugs(said: list[tuple[Slot, object]], wanted: Slot) -> set[str]:
    groups = (
        cast("tuple[str, ...]", value)
        for slot, value in said
        if slot == wanted and isinstance(value, tuple)
    )
    return {slug for group in groups for slug in group}


def _joins(word: str, before: str, after: str) -> bool:
    if before == after == "environment" or "join" in {before, after}:
        return True
    if before in _NAMES_KEYS and after in _NAMES_KEYS:
        return False
    if word == ",":
        return True
    return word == "and" and after in _FURTHER and before not in {"", after}
