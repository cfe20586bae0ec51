"""The page says what was measured, and loudly what was not."""

import msgspec
from bench.ai.figures import Figures, Miss, Row, TierFigures, kept, percentile
from bench.ai.goals import GOALS
from bench.ai.questions import KINDS
from bench.ai.report import DOCUMENT, as_text, page


def _tier(name: str, *, right: int, wrong: int) -> TierFigures:
    rows = [Row(kind, 100, right, 100 - right - wrong, wrong, 1.0, 2.0) for kind in ("all", *KINDS)]
    misses = [
        Miss("d1", "plain", "wrong", "find wanted, changes given by llm", "who | what?"),
        Miss("h1", "plain", "refused", "find wanted, no answer given by parser"),
        Miss("h2", "plain", "refused", "find wanted, no answer given by parser"),
    ]
    return TierFigures(name, rows, misses, {"parser": 100}, 90, 3.9, 6.0)


FIGURES = Figures(
    set="dev",
    at="2026-03-18T09:30Z",
    machine="a machine",
    load=0.5,
    questions=600,
    model="small:1b",
    tiers={
        "parser": _tier("parser", right=80, wrong=4),
        "cascade": _tier("cascade", right=85, wrong=10),
    },
    p95_large=19.0,
    written=0,
)


def test_the_page_is_that_of_the_figures_kept() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == page(kept())


def test_goals_are_told_as_they_are() -> None:
    assert [goal.met(FIGURES) for goal in GOALS] == [
        True, True, True,  # parser: plain, wrong, time
        False, True, True,  # cascade: plain (85 < 90 %), paraphrased, time
        False, False, True,  # writes refused (80, 85 < 99 %); none carried out
    ]  # fmt: skip
    text = page({"dev": FIGURES})
    assert text.count("**missed**") == 3
    assert "at least 90.0% | 85.0% | **missed**" in text


def test_misses_are_named_and_quoted_only_where_they_may_be() -> None:
    text = page({"dev": FIGURES})
    assert "- d1, plain, wrong, find wanted, changes given by llm: “who \\| what?”" in text
    assert "- plain, refused, find wanted, no answer given by parser: h1, h2" in text


def test_without_a_model_nothing_passes() -> None:
    alone = {"parser": FIGURES.tiers["parser"]}
    figures = msgspec.structs.replace(FIGURES, model=None, tiers=alone)
    assert [goal.met(figures) for goal in GOALS].count(None) == 4
    assert "skipped, not passed" in as_text(figures)
    assert "skipped, not passed" in page({"dev": figures})


def test_a_write_is_a_fault() -> None:
    figures = msgspec.structs.replace(FIGURES, written=1)
    assert GOALS[-1].met(figures) is False


def test_percentiles() -> None:
    assert percentile([], 50) == 0
    assert percentile([7.0], 95) == 7
    assert percentile([1.0, 2.0, 3.0], 50) == 2
    assert percentile([float(each) for each in range(101)], 95) == 95
