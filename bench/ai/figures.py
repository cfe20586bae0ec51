"""The figures of a run: kept as JSON, so that the page can be written again without asking."""

import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.ai.questions import KINDS
from bench.ai.scoring import Outcome, Scored

PLACE = Path(__file__).parent / "figures"
_MODEL = "llm"


class Row(msgspec.Struct, frozen=True):
    """What became of the questions of one kind. Times in milliseconds."""

    kind: str
    asked: int
    right: int
    refused: int
    wrong: int
    p50: float
    p95: float

    @property
    def share(self) -> float:
        """Which part was right."""
        return self.right / self.asked if self.asked else 0.0


class Miss(msgspec.Struct, frozen=True):
    """A question that was not answered right; `question` only of a set that may be looked at."""

    id: str
    kind: str
    outcome: str
    what: str
    question: str | None = None


class TierFigures(msgspec.Struct, frozen=True):
    """What one tier made of a set.

    `by` counts who gave the answers; `answered` how many were more than a refusal; `model_p50` and
    `model_p95` (seconds) are those of answers that a model planned.
    """

    name: str
    rows: Sequence[Row]
    misses: Sequence[Miss]
    by: dict[str, int]
    answered: int
    model_p50: float | None = None
    model_p95: float | None = None

    def row(self, kind: str) -> Row:
        """Return the row of a kind, or `all`."""
        return next(row for row in self.rows if row.kind == kind)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A run over a set.

    `load` is that of the machine when asking began: others who work on it make it slower.
    `model` None: no model was there, and the tiers that need one were not asked. `p95_large` is
    the parser's 95th percentile in a company of 10,000 keys (milliseconds). `written` counts
    revisions and drafts that came into being while questions were asked: anything but 0 is a fault.
    """

    set: str
    at: str
    machine: str
    load: float
    questions: int
    model: str | None
    tiers: dict[str, TierFigures]
    p95_large: float
    written: int

    def save(self) -> None:
        """Keep them."""
        PLACE.mkdir(exist_ok=True)
        text = msgspec.json.format(msgspec.json.encode(self), indent=1)
        (PLACE / f"{self.set}.json").write_bytes(text + b"\n")


def kept() -> dict[str, Figures]:
    """Return the figures of the last run over each set."""
    files = sorted(PLACE.glob("*.json"), reverse=True)
    found = [msgspec.json.decode(file.read_bytes(), type=Figures) for file in files]
    return {each.set: each for each in found}


def tier_figures(name: str, scored: Sequence[Scored], *, quote: bool) -> TierFigures:
    """Count what a tier got right; `quote` names the questions it did not."""
    rows = [_row(kind, [each for each in scored if each.question.kind == kind]) for kind in KINDS]
    planned = [each.given.seconds for each in scored if each.given.engine == _MODEL]
    executed = [
        each
        for each in scored
        if each.given.plan is not None and each.given.plan.intent != "unsupported"
    ]
    return TierFigures(
        name=name,
        rows=[_row("all", scored), *rows],
        misses=[_miss(each, quote=quote) for each in scored if each.outcome != "right"],
        by=dict(Counter(each.given.engine for each in scored)),
        answered=len(executed),
        model_p50=percentile(planned, 50) if planned else None,
        model_p95=percentile(planned, 95) if planned else None,
    )


def _row(kind: str, scored: Sequence[Scored]) -> Row:
    def count(outcome: Outcome) -> int:
        return sum(each.outcome == outcome for each in scored)

    times = [each.given.seconds * 1000 for each in scored]
    return Row(
        kind=kind,
        asked=len(scored),
        right=count("right"),
        refused=count("refused"),
        wrong=count("wrong"),
        p50=percentile(times, 50),
        p95=percentile(times, 95),
    )


def _miss(scored: Scored, *, quote: bool) -> Miss:
    question = scored.question
    text = question.question if quote else None
    return Miss(question.id, question.kind, scored.outcome, scored.miss, text)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile, one of the values themselves or between two of them; 0 of none."""
    if len(values) < 2:
        return values[0] if values else 0.0
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
