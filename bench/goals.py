"""What was promised, and whether the figures keep it."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from bench.results import Sheet

_GIB = 1073.741824  # megabytes


class Goal(NamedTuple):
    """A promise about one figure of one suite; `at_least` says which side is good."""

    suite: str
    text: str
    target: float
    at_least: bool
    figure: Callable[[Sheet], float | None]


class Verdict(NamedTuple):
    """A goal beside what was measured; `figure` None: not measured."""

    goal: Goal
    figure: float | None

    @property
    def met(self) -> bool:
        """Whether it was kept."""
        if self.figure is None:
            return False
        good = self.figure >= self.goal.target
        return good if self.goal.at_least else self.figure <= self.goal.target

    @property
    def word(self) -> str:
        """Met, or missed by how much."""
        if self.figure is None:
            return "not measured"
        if self.met:
            return "met"
        return f"**missed** by {abs(1 - self.figure / self.goal.target):.0%}"


def _ratio(above: str, below: str) -> Callable[[Sheet], float | None]:
    return lambda sheet: sheet.ratio(above, below)


def _median(name: str, divisor: float = 1) -> Callable[[Sheet], float | None]:
    def figure(sheet: Sheet) -> float | None:
        found = sheet.median(name)
        return None if found is None else found / divisor

    return figure


def _watch(watchers: int) -> Callable[[Sheet], float | None]:
    return _ratio(f"ours_{watchers}_p99", f"grpc_{watchers}_p99")


GOALS = (
    Goal("reads", "one key: times etcd gRPC", 3, True, _ratio("single", "single_grpc")),
    Goal("reads", "one key: times etcd JSON", 4.5, True, _ratio("single", "single_json")),
    Goal("reads", "14 KB environment: times Unleash", 12, True, _ratio("whole", "whole_unleash")),
    Goal("reads", "304: times Unleash's", 10, True, _ratio("same", "same_unleash")),
    Goal("reads", "one key: times nginx static", 0.6, True, _ratio("single", "single_nginx")),
    Goal("reads", "environment: times nginx static", 0.6, True, _ratio("whole", "whole_nginx")),
    Goal("writes", "64 clients: times etcd gRPC put", 1, True, _ratio("ours", "grpc")),
    Goal("writes", "1 client: times etcd gRPC put", 0.7, True, _ratio("ours_alone", "grpc_alone")),
    Goal("watch", "1,000 watchers, p99: times etcd gRPC", 1, False, _watch(1_000)),
    Goal("watch", "10,000 watchers, p99 (ms)", 150, False, _median("ours_10000_p99")),
    Goal("watch", "memory for a watcher (kB)", 40, False, _median("ours_10000_memory")),
    Goal("sdk", "a read by the Python client (us)", 1, False, _median("read")),
    Goal(
        "interference",
        "read p99 under 1,000 writes/s: times alone",
        1.5,
        False,
        _ratio("modest_writes_p99", "modest_alone_p99"),
    ),
    Goal(
        "interference",
        "read p99 during an import: times alone",
        1.5,
        False,
        _ratio("modest_import_p99", "modest_alone_p99"),
    ),
    Goal(
        "interference", "writes reached meanwhile (writes/s)", 950, True, _median("modest_written")
    ),
    Goal(
        "scale",
        "1M keys: memory of a replica (GiB)",
        1.5,
        False,
        _median("keys_1000000_memory_end", _GIB),
    ),
    Goal("scale", "1M keys: publish of one (ms)", 5, False, _median("keys_1000000_publish")),
)


def verdicts(sheets: Mapping[str, Sheet]) -> list[Verdict]:
    """Return every goal beside its figure."""
    return [
        Verdict(goal, goal.figure(sheets[goal.suite]) if goal.suite in sheets else None)
        for goal in GOALS
    ]
