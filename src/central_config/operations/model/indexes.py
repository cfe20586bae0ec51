"""What is known of indexes, and what it comes to: advice, never more."""

from collections.abc import Sequence
from typing import NamedTuple

# An index is rebuilt for more than twice what it should take, and only if that is worth it (bytes).
_BLOATED, _WASTE = 2.0, 4 * 1024 * 1024
# Smaller ones cost next to nothing (bytes).
_WORTH_DROPPING = 1024 * 1024
# A B-tree's page and what of it holds entries; an entry's header and its line pointer (bytes).
_PAGE, _USABLE, _ENTRY, _FILLED = 8192, 8152, 12, 0.9


class IndexFacts(NamedTuple):
    """An index; one on a partitioned table is all of its parts together.

    Args:
        scans: how often it was used since the statistics began.
        guards: it is unique or makes a constraint hold, so it is needed even if it is never read.
        entries, width: how many entries it should have, and bytes of one; None: nobody knows.
    """

    name: str
    table: str
    bytes: int
    scans: int
    guards: bool
    valid: bool
    entries: float | None
    width: int | None

    @property
    def expected(self) -> int | None:
        """What it would take if it were built now, in bytes, by a rough estimate."""
        if self.entries is None or self.width is None or self.entries < 0:
            return None
        entry = _ENTRY + -(-self.width // 8) * 8
        pages = self.entries * entry / (_USABLE * _FILLED)
        return int(pages + 2) * _PAGE

    @property
    def is_bloated(self) -> bool:
        """Whether rebuilding it would free much. Equal entries share room, so this misses some."""
        wanted = self.expected
        if wanted is None or not self.valid:
            return False
        return self.bytes > _BLOATED * wanted and self.bytes - wanted > _WASTE


def rebuild(name: str) -> str:
    """Return the statement that rebuilds an index while everybody goes on."""
    return f"REINDEX INDEX CONCURRENTLY {name};"


def drop(name: str) -> str:
    """Return the statement that drops an index while everybody goes on."""
    return f"DROP INDEX CONCURRENTLY {name};"


def unused(found: Sequence[IndexFacts]) -> list[IndexFacts]:
    """Return the indexes nobody reads by, which only cost."""
    return [
        each
        for each in found
        if each.valid and not each.guards and not each.scans and each.bytes > _WORTH_DROPPING
    ]
