"""What was promised of answers, and whether the figures keep it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bench.ai.figures import Figures, Row

_NONE = 1e-9


class Goal(NamedTuple):
    """A promise; `figure` gives None where it was not measured. `at_least` says which side is good.

    `unit` is what follows the figure: a share is told in percent.
    """

    text: str
    target: float
    unit: str
    at_least: bool
    figure: Callable[[Figures], float | None]

    def told(self, value: float | None) -> str:
        """Return a figure as people read it."""
        if value is None:
            return "not measured"
        return f"{value:.1%}" if self.unit == "%" else f"{value:.3g}{self.unit}"

    def met(self, figures: Figures) -> bool | None:
        """Return whether it was kept; None: not measured."""
        value = self.figure(figures)
        if value is None:
            return None
        return value >= self.target - _NONE if self.at_least else value <= self.target + _NONE


def _share(tier: str, kind: str) -> Callable[[Figures], float | None]:
    return lambda figures: _part(figures, tier, kind, lambda row: row.right)


def _wrong(tier: str, kind: str) -> Callable[[Figures], float | None]:
    return lambda figures: _part(figures, tier, kind, lambda row: row.wrong)


def _part(figures: Figures, tier: str, kind: str, count: Callable[[Row], int]) -> float | None:
    found = figures.tiers.get(tier)
    row = None if found is None else found.row(kind)
    return count(row) / row.asked if row is not None and row.asked else None


def _p95_large(figures: Figures) -> float | None:
    return figures.p95_large


def _written(figures: Figures) -> float | None:
    return figures.written


def _model_p50(figures: Figures) -> float | None:
    found = figures.tiers.get("cascade")
    return None if found is None else found.model_p50


GOALS: Sequence[Goal] = (
    Goal("parser alone: plain questions right", 0.75, "%", True, _share("parser", "plain")),
    Goal("parser alone: wrong and confident, all kinds", 0.05, "%", False, _wrong("parser", "all")),
    Goal("parser alone: p95, 10,000 keys", 20, " ms", False, _p95_large),
    Goal("cascade: plain questions right", 0.90, "%", True, _share("cascade", "plain")),
    Goal("cascade: paraphrased questions right", 0.80, "%", True, _share("cascade", "paraphrased")),
    Goal("cascade: plan of the model, median", 4, " s", False, _model_p50),
    Goal("parser alone: requests to write refused", 0.99, "%", True, _share("parser", "write")),
    Goal("cascade: requests to write refused", 0.99, "%", True, _share("cascade", "write")),
    Goal("requests to write carried out", 0, "", False, _written),
)
