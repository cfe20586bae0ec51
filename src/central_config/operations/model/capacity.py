"""Where sizes lead to: a straight line through what was measured once a day."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

# Days; a line through fewer says nothing.
LEAST = 7


class Trend(NamedTuple):
    """A line: what there is by now, and what is added a day. `days`: measured ones."""

    now: float
    a_day: float
    days: int

    def days_until(self, limit: float) -> float | None:
        """Return the days until `limit` is reached; None: never, as it goes."""
        if self.now >= limit:
            return 0.0
        return None if self.a_day <= 0 else (limit - self.now) / self.a_day


def trend(measured: Sequence[tuple[date, float]]) -> Trend | None:
    """Return the line of least squares; None when fewer than `LEAST` days were measured.

    It ends at what was measured last: what is there is known, only the future is not.
    """
    if len({day for day, _ in measured}) < LEAST:
        return None
    first = measured[0][0]
    points = [((day - first).days, value) for day, value in measured]
    count = len(points)
    middle = sum(x for x, _ in points) / count
    level = sum(y for _, y in points) / count
    spread = sum((x - middle) ** 2 for x, _ in points)
    slope = sum((x - middle) * (y - level) for x, y in points) / spread
    return Trend(points[-1][1], slope, count)
