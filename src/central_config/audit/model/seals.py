"""A month that was exported and dropped, and how chains go on behind such months."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from central_config.audit.model.chain import EMPTY, SYSTEM_CHAIN, Break, Head, Record
from central_config.core.clock import rfc3339
from central_config.core.json import JSON, encode, encode_sorted

# The event that says so, and how its target begins.
SEALED = "audit.sealed"
TARGET = "audit-log:"
# Clocks of replicas differ: an event may be a little older than the one before it in its chain, and
# lie in the month before. It leaves with the month of the later one, but never much too early.
SKEW = timedelta(days=1)


class SealedRun(msgspec.Struct, frozen=True, order=True):
    """The events of one chain that a month held, without a gap.

    `starts_from` is the hash of the event before the first, `ends_at` that of the last.
    """

    chain: UUID
    first: int
    last: int
    starts_from: bytes
    ends_at: bytes

    @property
    def start(self) -> Head:
        """Where the chain stood before this run."""
        return Head(self.first - 1, self.starts_from)

    @property
    def end(self) -> Head:
        """Where the chain stood after it."""
        return Head(self.last, self.ends_at)


class Seal(msgspec.Struct, frozen=True):
    """A month of the log that stands in a file and no longer in the database.

    `file` is its name in the archive directory and `sha256` what it held when it was written,
    compressed as it is.
    """

    partition: str
    begins: datetime
    ends: datetime
    file: str
    sha256: bytes
    events: int
    sealed_at: datetime
    runs: tuple[SealedRun, ...] = ()

    @property
    def month(self) -> str:
        """The month as `2025-09`."""
        return self.begins.strftime("%Y-%m")

    @property
    def target(self) -> str:
        """What the audit event about it names."""
        return TARGET + self.month

    def details(self) -> dict[str, JSON]:
        """Return what the audit event says: with it nobody can change the seal unseen."""
        runs = [
            [str(run.chain), run.first, run.last, run.starts_from.hex(), run.ends_at.hex()]
            for run in sorted(self.runs)
        ]
        return {
            "partition": self.partition,
            "begins": rfc3339(self.begins),
            "ends": rfc3339(self.ends),
            "file": self.file,
            "sha256": self.sha256.hex(),
            "events": self.events,
            "chains": len(self.runs),
            "runs_sha256": hashlib.sha256(encode(runs)).hexdigest(),
        }


def sealed_ends(seals: Iterable[Seal]) -> tuple[dict[UUID, Head], Break | None]:
    """Return where each chain's sealed part ends, and the first place where seals do not join."""
    ends: dict[UUID, Head] = {}
    for run in _in_order(seals):
        before = ends.get(run.chain, EMPTY)
        if run.start != before:
            reason = f"the sealed months end at {before.sequence} and go on at {run.first}"
            return ends, Break(run.chain, run.first, reason)
        if run.last < run.first:
            return ends, Break(run.chain, run.first, "a sealed month ends before it begins")
        ends[run.chain] = run.end
    return ends, None


def _in_order(seals: Iterable[Seal]) -> Sequence[SealedRun]:
    return sorted(run for seal in seals for run in seal.runs)


class Verification(NamedTuple):
    """What a verification of the database found; see `ChainReport`.

    `sealed` are the months that stand in files, which it has not read.
    """

    events: int
    heads: Mapping[UUID, Head]
    broken: Break | None
    starts: Mapping[UUID, Head]
    sealed: tuple[Seal, ...]


class SealsTold:
    """Checks that the log tells of every seal, so that nobody can make one up."""

    def __init__(self, seals: Sequence[Seal]) -> None:
        self._seals = seals
        self._told: set[tuple[str, str]] = set()

    def read(self, records: Iterable[Record]) -> None:
        """Look through further events."""
        for each in records:
            if each.action == SEALED and each.chain == SYSTEM_CHAIN:
                self._told.add((each.target, each.details))

    def missing(self) -> Break | None:
        """Return the first seal that no event tells of as it is.

        An event that has been sealed itself needs no look: the later seal tells its hash.
        """
        until = max((each.ends for each in self._seals), default=None)
        for seal in self._seals:
            gone = until is not None and seal.sealed_at < until + SKEW
            details = encode_sorted(seal.details()).decode()
            if not gone and (seal.target, details) not in self._told:
                return Break(SYSTEM_CHAIN, 0, f"no event tells of this seal of {seal.month}")
        return None
