"""The figures as text for the terminal and as a page of the documentation."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bench.ai.figures import Figures, Miss, Row, TierFigures
from bench.ai.goals import GOALS

HERE = Path(__file__).parent
DOCUMENT = HERE.parent.parent / "docs" / "explanation" / "assistant-quality.md"
_TITLES = {"held_out": "The held-out questions", "dev": "The development questions"}
_COLUMNS = ("Kind", "Asked", "Right", "", "Refused", "Wrong", "p50", "p95")
_SKIPPED = "**No model was there: everything that needs one was skipped, not passed.**"


def as_text(figures: Figures) -> str:
    """Return what was measured, as plain text."""
    lines: list[str] = []
    for tier in figures.tiers.values():
        lines += ["", f"{figures.set}: {tier.name}", *_plain([_COLUMNS, *map(_cells, tier.rows)])]
    lines += ["", *_plain(_goals(figures))]
    if figures.model is None:
        lines += ["", "!" * 72, _SKIPPED.strip("*"), "!" * 72]
    return "\n".join(lines)


def write(kept: Mapping[str, Figures]) -> None:
    """Write the page."""
    DOCUMENT.write_text(page(kept), encoding="utf-8")


def page(kept: Mapping[str, Figures]) -> str:
    """Return the page: method, and for each set goals, figures and misses."""
    parts = [_read("method.md"), _read("remarks.md")]
    for name, title in _TITLES.items():
        if name in kept:
            parts += [f"## {title}", *_section(kept[name])]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(figures: Figures) -> Iterable[str]:
    model = _SKIPPED if figures.model is None else f"Model: `{figures.model}`."
    yield (
        f"{figures.questions} questions, asked {figures.at}. {model} Machine: {figures.machine};"
        f" its load when asking began was {figures.load:.1f}."
    )
    yield _table(["Goal", "Asked", "Measured", ""], _goals(figures))
    for tier in figures.tiers.values():
        yield f"### {tier.name.capitalize()}"
        yield _table(_COLUMNS, map(_cells, tier.rows))
        yield _by(tier)
        yield _misses(tier.misses)


def _goals(figures: Figures) -> list[tuple[str, str, str, str]]:
    words = {True: "met", False: "**missed**", None: "not measured"}
    return [
        (
            goal.text,
            f"{'at least' if goal.at_least else 'at most'} {goal.told(goal.target)}",
            goal.told(goal.figure(figures)),
            words[goal.met(figures)],
        )
        for goal in GOALS
    ]


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.kind,
        str(row.asked),
        str(row.right),
        f"{row.share:.0%}",
        str(row.refused),
        str(row.wrong),
        _time(row.p50),
        _time(row.p95),
    )


def _time(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 1000 else f"{milliseconds:.1f} ms"


def _by(tier: TierFigures) -> str:
    said = ", ".join(f"{name} {count}" for name, count in sorted(tier.by.items()))
    text = f"Answered by: {said}. {tier.answered} answers were more than a refusal."
    if tier.model_p50 is None or tier.model_p95 is None:
        return text
    times = f"median {tier.model_p50:.1f} s, 95th percentile {tier.model_p95:.1f} s"
    return f"{text} Answers the model planned took: {times}."


def _misses(misses: Sequence[Miss]) -> str:
    if not misses:
        return "Nothing was missed."
    quoted = [miss for miss in misses if miss.question is not None]
    lines = [f"- {miss.id}, {_what(miss)}: “{_escaped(str(miss.question))}”" for miss in quoted]
    groups: dict[str, list[str]] = {}
    for miss in misses:
        if miss.question is None:
            groups.setdefault(_what(miss), []).append(miss.id)
    lines += [f"- {what}: {', '.join(ids)}" for what, ids in sorted(groups.items())]
    return "\n".join([f"Missed ({len(misses)}):", "", *lines])


def _what(miss: Miss) -> str:
    return f"{miss.kind}, {miss.outcome}, {miss.what}"


def _escaped(text: str) -> str:
    """Return a question as Markdown shows it letter for letter."""
    return "".join(f"\\{each}" if each in "\\`*_{}[]<>#|$" else each for each in text)


def _read(name: str) -> str:
    place = HERE / name
    return place.read_text(encoding="utf-8").rstrip() if place.exists() else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
