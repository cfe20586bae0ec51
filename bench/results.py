"""Figures of a suite: one value a round, medians and ratios over them; kept as JSON."""

import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import msgspec


class Series(msgspec.Struct):
    """One thing measured: a label to print, its unit, a value of each round."""

    label: str
    unit: str
    values: list[float]


class Sheet(msgspec.Struct):
    """All figures of a suite, in the order they were first added, and remarks about them."""

    suite: str
    rounds: int
    seconds: float
    load: float
    series: dict[str, Series] = msgspec.field(default_factory=dict[str, Series])
    notes: list[str] = msgspec.field(default_factory=list[str])

    def add(self, name: str, label: str, unit: str, value: float) -> None:
        """Add one round's value."""
        self.series.setdefault(name, Series(label, unit, [])).values.append(value)
        print(f"  {label}: {value:,.4g} {unit}", flush=True)

    def note(self, text: str) -> None:
        """Add a remark once."""
        if text not in self.notes:
            self.notes.append(text)
            print(f"  note: {text}", flush=True)

    def median(self, name: str) -> float | None:
        """Return the median of a series, None when it was not measured."""
        found = self.series.get(name)
        return statistics.median(found.values) if found is not None and found.values else None

    def ratio(self, above: str, below: str) -> float | None:
        """Return the ratio of two medians, None when one was not measured."""
        top, bottom = self.median(above), self.median(below)
        return None if top is None or not bottom else top / bottom

    def save(self, place: Path) -> None:
        """Keep the sheet for the report."""
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{self.suite}.json"
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)))

    @classmethod
    def load_from(cls, path: Path) -> Self:
        """Read a kept sheet."""
        return msgspec.json.decode(path.read_bytes(), type=cls)


def kept(place: Path) -> dict[str, Sheet]:
    """Return the sheets of all suites that ran, by suite."""
    return {path.stem: Sheet.load_from(path) for path in sorted(place.glob("*.json"))}


class Contestant(msgspec.Struct):
    """What takes part in alternating rounds: `run` measures once and returns the figure."""

    label: str
    unit: str
    run: Callable[[], float]


def alternate(sheet: Sheet, contestants: Mapping[str, Contestant]) -> None:
    """Run A B C, A B C, ...: neighbours on the machine then disturb all alike."""
    for number in range(sheet.rounds):
        print(f" round {number + 1} of {sheet.rounds}", flush=True)
        for name, contestant in contestants.items():
            sheet.add(name, contestant.label, contestant.unit, contestant.run())
