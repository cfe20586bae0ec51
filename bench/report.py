"""The figures as text for the terminal and as a page of the documentation."""

import statistics
from collections.abc import Iterable, Mapping, Sequence

from bench import machine
from bench.goals import Verdict, verdicts
from bench.place import DOCUMENT, HERE
from bench.results import Series, Sheet

_METHOD = HERE / "method.md"
# What figures cannot say: why a goal is missed, and what would close the gap.
_REMARKS = HERE / "remarks.md"
_TITLES = {
    "reads": "Reads",
    "writes": "Writes",
    "watch": "Watches",
    "sdk": "The Python client",
    "scale": "Scale",
    "interference": "Readers while others write",
}


def as_text(sheets: Mapping[str, Sheet]) -> str:
    """Return the goals and what was measured, as plain text."""
    lines = [_row(found) for found in verdicts(sheets)]
    return "\n".join(["", *_plain([("goal", "asked", "measured", ""), *lines])])


def write(sheets: Mapping[str, Sheet]) -> None:
    """Write the page."""
    DOCUMENT.write_text(page(sheets), encoding="utf-8")


def page(sheets: Mapping[str, Sheet]) -> str:
    """Return the page: method, goals, what was missed, all figures."""
    found = verdicts(sheets)
    parts = [_METHOD.read_text(encoding="utf-8").rstrip(), _conditions(sheets)]
    parts += ["## Goals", _table(["Goal", "Asked", "Measured", ""], map(_row, found))]
    parts.append(_missed(found))
    if _REMARKS.exists():
        parts.append(_REMARKS.read_text(encoding="utf-8").rstrip())
    for suite, title in _TITLES.items():
        if suite in sheets:
            parts += [f"## {title}", _figures(sheets[suite]), *_notes(sheets[suite])]
    return "\n\n".join(part for part in parts if part) + "\n"


def _conditions(sheets: Mapping[str, Sheet]) -> str:
    lines = [
        f"- {name}: rounds {sheet.rounds}, {sheet.seconds:g} s each; load of the machine when it"
        f" began {sheet.load:.1f}"
        for name, sheet in sheets.items()
    ]
    said = ", ".join(f"{name} {number}" for name, number in machine.versions().items())
    return "\n".join([f"Machine: {machine.description()}.", "", f"Versions: {said}.", "", *lines])


def _row(verdict: Verdict) -> tuple[str, str, str, str]:
    goal, figure = verdict
    sign = "≥" if goal.at_least else "≤"
    measured = "-" if figure is None else number(figure)
    return f"{goal.suite}: {goal.text}", f"{sign} {goal.target:g}", measured, verdict.word


def _missed(found: Sequence[Verdict]) -> str:
    missed = [each for each in found if not each.met]
    if not missed:
        return "Every goal is met."
    measured = [each for each in missed if each.figure is not None]
    said = f"{len(found) - len(missed)} of {len(found)} goals are met."
    lines = [f"- {each.goal.suite}, {each.goal.text}: {each.word}." for each in measured]
    left = len(missed) - len(measured)
    if left:
        lines.append(f"- {left} were not measured in this run.")
    return "\n".join([said, "", *lines])


def _figures(sheet: Sheet) -> str:
    rows = [_figure(series) for series in sheet.series.values()]
    return _table(["", "Median", "Least", "Most", "Unit"], rows)


def _figure(series: Series) -> tuple[str, ...]:
    values = series.values
    found = (statistics.median(values), min(values), max(values))
    return (series.label, *map(number, found), series.unit)


def _notes(sheet: Sheet) -> list[str]:
    return ["\n".join(f"- {note}." for note in sheet.notes)] if sheet.notes else []


def number(value: float) -> str:
    """Return a figure with as many digits as it deserves."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    alignment = ["---", *["--:" for _ in header[1:-1]], "---"]
    lines = [header, alignment, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
