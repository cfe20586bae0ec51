"""The pieces of a server's log by their names: what is missing between two of them.

A name is 24 hexadecimal digits: timeline, and the piece's number in two parts of which the second
counts the pieces of 4 GiB.
"""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

PIECES = 256  # of 16 MiB in 4 GiB; servers of `serve` have pieces of that size
_NAME = re.compile(r"(?:^|/)([0-9A-F]{24})-[0-9a-f]{40}")


class Gap(NamedTuple):
    """Pieces that are missing: how many, and their neighbours."""

    missing: int
    after: str
    before: str


def names(listed: Iterable[str]) -> list[str]:
    """Return the names of the pieces among the files of an archive, in order."""
    found = (_NAME.search(each) for each in listed)
    return sorted({match[1] for match in found if match is not None})


def gaps(pieces: Iterable[str]) -> list[Gap]:
    """Return where pieces (in order) are missing; a new timeline begins in the middle."""
    found: list[Gap] = []
    for one, other in pairwise(pieces):
        missing = _number(other) - _number(one) - 1
        if one[:8] == other[:8] and missing > 0:
            found.append(Gap(missing, one, other))
    return found


def _number(piece: str) -> int:
    return int(piece[8:16], 16) * PIECES + int(piece[16:], 16)
