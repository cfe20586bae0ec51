"""Writing, reading and proving the audit log."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from central_config.audit import store
from central_config.audit.model import (
    EMPTY,
    Event,
    Head,
    Record,
    SealsTold,
    Verification,
    Verifier,
    link,
    sealed_ends,
)
from central_config.audit.store import EXPECTED_END, LINKED, lock_heads, seals
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, snapshot_transaction

__all__ = [
    "EXPECTED_END",
    "LINKED",
    "AuditService",
    "Bounds",
    "Head",
    "ensure_partitions",
    "lock_heads",
    "record",
]


async def record(connection: Connection, events: Sequence[Event], clock: Clock) -> None:
    """Append events to their chains, in the caller's transaction.

    Takes the lock of each chain until the transaction ends; a caller that also locks a workspace
    does that first.
    """
    if not events:
        return
    heads = await store.lock_heads(connection, [event.chain for event in events])
    records: list[Record] = []
    for event in events:
        linked = link(event, heads[event.chain], clock.now())
        heads[event.chain] = type(heads[event.chain])(linked.sequence, linked.hash)
        records.append(linked)
    await store.append(connection, records)
    await store.move_heads(connection, heads)


async def ensure_partitions(connection: Connection, months: int) -> None:
    """Create the log's partitions of this month and the `months` after it."""
    await store.ensure_partitions(connection, months)


@dataclass
class Bounds:
    """Where the chains of an export end, and after which event they start if not at the first."""

    heads: dict[UUID, Head] = field(default_factory=dict[UUID, Head])
    starts: dict[UUID, Head] = field(default_factory=dict[UUID, Head])


class AuditService:
    """Reads and proves the log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        conditions: Mapping[str, object],
        before: tuple[datetime, UUID, int] | None,
        limit: int,
    ) -> list[Record]:
        """Return events, newest first; see `store.page` for the conditions."""
        async with self._database.connect() as connection:
            return await store.page(connection, conditions, before, limit)

    async def stream(self, chain: UUID | None, bounds: Bounds) -> AsyncIterator[list[Record]]:
        """Yield what the database holds of chains in blocks: what an export holds.

        Fills `bounds` with where the chains end at the same moment by their own rows, so that an
        export of a log whose end was cut off shows it; and with where sealed months end, so that it
        shows a cut beginning too.
        """
        async with snapshot_transaction(self._database) as connection:
            known = await store.heads(connection)
            sealed, _ = sealed_ends(await seals.seals(connection, chain))
            bounds.heads = {each: known[each] for each in known if chain in (None, each)}
            bounds.starts = {each: sealed[each] for each in bounds.heads if each in sealed}
            for each in sorted(bounds.heads):
                async for block in store.chain_in_order(connection, each):
                    yield block

    async def verify(self, chain: UUID | None = None) -> Verification:
        """Recompute every hash, and compare each chain's beginning and end.

        A chain begins with its first event, or where the last sealed month ends. What stands in
        files is not read: `verify_files` does that.
        """
        async with snapshot_transaction(self._database) as connection:
            heads = await store.heads(connection)
            sealed = await seals.seals(connection, chain)
            starts, broken = sealed_ends(sealed)
            verifier = Verifier()
            if broken is not None:
                verifier.fail(broken)
            told = SealsTold(sealed)
            for each in sorted(heads) if chain is None else [chain]:
                verifier.begin(each, starts.get(each, EMPTY))
                async for block in store.chain_in_order(connection, each):
                    verifier.feed(block)
                    told.read(block)
                if each in heads:
                    verifier.expect(each, heads[each])
        if chain is None:
            missing = told.missing()
            if missing is not None:
                verifier.fail(missing)
        report = verifier.report()
        return Verification(
            report.events, report.heads, report.broken, report.starts, tuple(sealed)
        )
