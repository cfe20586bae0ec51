"""Reads what a process of ours tells of itself at `/metrics`."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

Labels = Mapping[str, str]


class Sample(NamedTuple):
    """One figure with its labels."""

    name: str
    labels: Labels
    value: float


class Scrape:
    """All figures of one moment."""

    def __init__(self, text: str) -> None:
        """Read the text.

        Raises:
            ValueError: it is not in Prometheus' form.
        """
        self._samples = [
            Sample(each.name, each.labels, each.value)
            for family in text_string_to_metric_families(text)
            for each in family.samples
        ]

    def samples(self, name: str) -> Iterator[Sample]:
        """Yield the figures of a name."""
        return (each for each in self._samples if each.name == name)

    def total(self, name: str, where: Callable[[Labels], bool] = lambda _: True) -> float:
        """Return the sum of the figures of a name whose labels satisfy `where`."""
        return sum(each.value for each in self.samples(name) if where(each.labels))

    def one(self, name: str) -> float | None:
        """Return the figure of a name without labels; None: it is not exported."""
        return next((each.value for each in self.samples(name)), None)

    def highest(self, name: str) -> float | None:
        """Return the highest figure of a name; None: it is not exported."""
        return max((each.value for each in self.samples(name)), default=None)


def quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    """Return the bound below which `share` of what was counted lies; None: nothing was counted.

    `buckets`: upper bound to count of all below it. Interpolated as Prometheus does.
    """
    ordered = sorted(buckets.items())
    if not ordered or ordered[-1][1] <= 0:
        return None
    wanted = share * ordered[-1][1]
    below_bound, below = 0.0, 0.0
    for bound, count in ordered:
        if count >= wanted:
            if bound == float("inf"):
                return below_bound
            within = (wanted - below) / (count - below) if count > below else 0.0
            return below_bound + (bound - below_bound) * within
        below_bound, below = bound, count
    return below_bound
