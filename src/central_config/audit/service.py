"""Writing, reading and proving the audit log."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from central_config.audit import store
from central_config.audit.model import ChainReport, Event, Head, Record, Verifier, link
from central_config.audit.store import EXPECTED_END, LINKED, lock_heads
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, snapshot_transaction

__all__ = [
    "EXPECTED_END",
    "LINKED",
    "AuditService",
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

    async def stream(
        self, chain: UUID | None, heads: dict[UUID, Head]
    ) -> AsyncIterator[list[Record]]:
        """Yield whole chains in blocks, each from its beginning: what an export holds.

        Fills `heads` with where the chains end at the same moment by their own rows, so that an
        export of a log whose end was cut off shows it.
        """
        async with snapshot_transaction(self._database) as connection:
            known = await store.heads(connection)
            heads.update({each: known[each] for each in known if chain in (None, each)})
            for each in sorted(heads):
                async for block in store.chain_in_order(connection, each):
                    yield block

    async def verify(self, chain: UUID | None = None) -> ChainReport:
        """Recompute every hash and compare each chain's end with its head."""
        verifier = Verifier()
        async with snapshot_transaction(self._database) as connection:
            heads = await store.heads(connection)
            for each in sorted(heads) if chain is None else [chain]:
                async for block in store.chain_in_order(connection, each):
                    verifier.feed(block)
                if each in heads:
                    verifier.expect(each, heads[each])
        return verifier.report()
