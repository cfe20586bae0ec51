"""Counting and timing answers for next to nothing, since it is done for every one of them.

The Prometheus client takes a lock and walks the buckets for each observation, which would be a
quarter of what a read from memory costs. A tally is a few plain numbers of one route, written by
the event loop alone and read when Prometheus asks.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from typing_extensions import override


class Tally:
    """The answers of one route to one method."""

    __slots__ = ("_bounds", "_buckets", "_seconds", "_statuses")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._buckets = [0] * (len(bounds) + 1)
        self._seconds = 0.0
        self._statuses: dict[int, int] = {}

    def add(self, status: int, seconds: float) -> None:
        """Count one answer and the time it took."""
        self._buckets[bisect_left(self._bounds, seconds)] += 1
        self._seconds += seconds
        self._statuses[status] = self._statuses.get(status, 0) + 1

    def statuses(self) -> Iterable[tuple[int, int]]:
        """Return how many answers had which status."""
        return sorted(self._statuses.copy().items())

    def histogram(self) -> tuple[list[tuple[str, float]], float]:
        """Return (upper bound, answers up to it) by bound, and the sum of all times."""
        found: list[tuple[str, float]] = []
        total = 0
        for bound, count in zip((*self._bounds, float("inf")), self._buckets, strict=True):
            total += count
            found.append(("+Inf" if bound == float("inf") else str(float(bound)), total))
        return found, self._seconds


class RouteTallies(Collector):
    """All tallies of a process, as Prometheus scrapes them."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._tallies: dict[tuple[str, str], Tally] = {}

    def of(self, method: str, route: str) -> Tally:
        """Return the tally of a route, by its template."""
        found = self._tallies.get((method, route))
        if found is None:
            found = self._tallies[method, route] = Tally(self._bounds)
        return found

    def describe(self) -> Iterator[Metric]:
        """Yield the two metrics without samples."""
        yield CounterMetricFamily(
            "http_requests", "Requests answered", labels=["method", "route", "status"]
        )
        yield HistogramMetricFamily(
            "http_request_duration_seconds",
            "Time from the request's first byte to the answer's last (streams: to its first)",
            labels=["method", "route"],
        )

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the two metrics with a sample for each route."""
        counts, times = self.describe()
        assert isinstance(counts, CounterMetricFamily)  # noqa: S101 - made four lines up
        assert isinstance(times, HistogramMetricFamily)  # noqa: S101 - the same
        for (method, route), tally in list(self._tallies.items()):
            for status, count in tally.statuses():
                counts.add_metric([method, route, str(status)], count)
            buckets, seconds = tally.histogram()
            times.add_metric([method, route], buckets, sum_value=seconds)
        yield counts
        yield times
