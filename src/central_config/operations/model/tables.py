"""What is known of a table, and when it is due for VACUUM."""

from datetime import datetime, timedelta
from typing import NamedTuple

# Rows. Autovacuum waits for a fifth of a table (and 50 rows); with a large one that is late.
_SHARE, _LEAST = 0.05, 50
# Even where little changes, the planner's picture should not be older.
_ANALYZED_WITHIN = timedelta(days=30)


class TableFacts(NamedTuple):
    """One table, or one partition.

    Args:
        live: rows, by estimate.
        dead: row versions nobody can see any more, by estimate.
        changed: rows changed since it was last analyzed.
        age: transactions since its oldest row that is not frozen.
        sequential: scans that read all of it, and how many rows they read.
    """

    name: str
    live: int
    dead: int
    changed: int
    vacuumed_at: datetime | None
    analyzed_at: datetime | None
    age: int
    sequential_scans: int
    sequential_rows: int
    index_scans: int

    def is_due(self, now: datetime) -> bool:
        """Tell whether a VACUUM (ANALYZE) would do something worth its reading."""
        least = _LEAST + _SHARE * self.live
        if self.dead > least or self.changed > least:
            return True
        if self.analyzed_at is None:
            return self.live > 0
        return self.changed > 0 and now - self.analyzed_at > _ANALYZED_WITHIN
