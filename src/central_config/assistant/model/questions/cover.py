"""The cheapest rows of clauses that leave no token of a question out."""

from collections.abc import Iterable
from heapq import nsmallest

from central_config.assistant.model.questions.clauses import UNKNOWN, Clause
from central_config.assistant.model.questions.text import Text

# Other readings are looked at only if they are hardly more far-fetched than the best.
_READINGS = 6
_MARGIN = 0.8

_Row = tuple[float, tuple[Clause, ...]]


def cheapest(text: Text, offered: Iterable[Clause]) -> list[tuple[Clause, ...]]:
    """Return the few rows of clauses that read the question at the least cost, the best first.

    A token that nothing offered explains stands as a clause of its own that means `unknown`.
    """
    if not text.starts:
        return []
    ending: dict[int, list[Clause]] = {}
    for clause in (*_unknown(text), *offered):
        ending.setdefault(clause.end, []).append(clause)
    best: dict[int, list[_Row]] = {text.starts[0]: [(0.0, ())]}
    for end in sorted(ending):
        rows = [
            (cost + clause.cost, (*row, clause))
            for clause in ending[end]
            for cost, row in best.get(clause.start, ())
        ]
        best[end + 1] = nsmallest(_READINGS, rows, key=_cost)
    rows = best[len(text.lower) + 1]
    return [row for cost, row in rows if cost <= rows[0][0] + _MARGIN]


def _cost(row: _Row) -> float:
    return row[0]


def _unknown(text: Text) -> Iterable[Clause]:
    for start, following in zip(text.starts, (*text.starts[1:], len(text.lower) + 1), strict=True):
        end = following - 1
        yield Clause(start, end, UNKNOWN, (("unknown", text.raw[start:end]),))
