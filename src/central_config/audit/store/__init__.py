"""SQL of the audit log."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, select, text, tuple_

from central_config.audit.model import GENESIS, Head, Record
from central_config.audit.tables import cc_audit_chain, cc_audit_log
from central_config.core.db import Connection

_ENSURE_CHAINS = text("""
    INSERT INTO cc_audit_chain (chain, sequence, hash, updated_at)
    SELECT chain, 0, :genesis, now() FROM unnest(CAST(:chains AS uuid[])) AS chain
    ON CONFLICT DO NOTHING
""")

_LOCK_HEADS = text("""
    SELECT chain, sequence, hash FROM cc_audit_chain
    WHERE chain = ANY(CAST(:chains AS uuid[])) ORDER BY chain FOR UPDATE
""")

_APPEND = text("""
    INSERT INTO cc_audit_log (chain, sequence, created_at, action, target, actor_kind, actor_id,
                              actor_name, request_id, client_ip, details, previous, hash)
    SELECT * FROM unnest(
        CAST(:chain AS uuid[]), CAST(:sequence AS bigint[]), CAST(:created_at AS timestamptz[]),
        CAST(:action AS text[]), CAST(:target AS text[]), CAST(:actor_kind AS text[]),
        CAST(:actor_id AS uuid[]), CAST(:actor_name AS text[]), CAST(:request_id AS text[]),
        CAST(:client_ip AS text[]), CAST(:details AS text[]), CAST(:previous AS bytea[]),
        CAST(:hash AS bytea[]))
""")

_MOVE_HEADS = text("""
    UPDATE cc_audit_chain AS head
    SET sequence = moved.sequence, hash = moved.hash, updated_at = now()
    FROM unnest(CAST(:chain AS uuid[]), CAST(:sequence AS bigint[]), CAST(:hash AS bytea[]))
         AS moved (chain, sequence, hash)
    WHERE head.chain = moved.chain
""")

# Parts of a statement that commits other things too (see `core.lane.Statement`). Its `ready` holds
# a row when everything it relies on is as its parameters say, and none otherwise.
#
# The end of one chain, locked, if it is where it was thought to be.
EXPECTED_END = """
    chain_end AS MATERIALIZED (
        SELECT c.chain, w.moment FROM cc_audit_chain AS c, workspace AS w
        WHERE c.chain = w.id AND c.sequence = :sequence::bigint AND c.hash = :end::bytea
        FOR UPDATE OF c)
"""
# The events `linked`, one after the other behind that end, and the new end.
LINKED = """
    audited AS (
        INSERT INTO cc_audit_log (chain, sequence, created_at, action, target, actor_kind,
                                  actor_id, actor_name, request_id, client_ip, details, previous,
                                  hash)
        SELECT :workspace_id::uuid, :sequence + place, :linked_at::timestamptz, action, target,
               actor_kind, actor_id, actor_name, request_id, client_ip, details, previous, hash
        FROM linked),
    chained AS (
        UPDATE cc_audit_chain AS c
        SET sequence = :sequence + :count::integer, hash = :new_end::bytea, updated_at = now()
        FROM ready WHERE c.chain = :workspace_id::uuid)
"""

_FIELDS = Record.__struct_fields__
# Events read at once.
_BLOCK = 5000


async def lock_heads(connection: Connection, chains: Sequence[UUID]) -> dict[UUID, Head]:
    """Lock the chains in their order and return their ends; a new chain starts at zero."""
    wanted = sorted(set(chains))
    rows = (await connection.execute(_LOCK_HEADS, {"chains": wanted})).all()
    if len(rows) < len(wanted):
        await connection.execute(_ENSURE_CHAINS, {"chains": wanted, "genesis": GENESIS})
        rows = (await connection.execute(_LOCK_HEADS, {"chains": wanted})).all()
    return {row.chain: Head(row.sequence, row.hash) for row in rows}


async def append(connection: Connection, records: Sequence[Record]) -> None:
    """Insert the records; the caller holds the locks of their chains."""
    columns = {name: [getattr(record, name) for record in records] for name in _FIELDS}
    await connection.execute(_APPEND, columns)


async def move_heads(connection: Connection, heads: Mapping[UUID, Head]) -> None:
    """Set the new ends of locked chains."""
    await connection.execute(
        _MOVE_HEADS,
        {
            "chain": list(heads),
            "sequence": [head.sequence for head in heads.values()],
            "hash": [head.hash for head in heads.values()],
        },
    )


def _record(row: Row[tuple[object, ...]]) -> Record:
    return Record(**{name: getattr(row, name) for name in _FIELDS})


async def page(
    connection: Connection,
    conditions: Mapping[str, object],
    before: tuple[datetime, UUID, int] | None,
    limit: int,
) -> list[Record]:
    """Return events, newest first, that satisfy the conditions.

    Conditions: `chain`, `actor_name`, `action` (a trailing `.` or `*` matches what begins so),
    `since`, `until`.
    """
    table = cc_audit_log.c
    clauses: list[ColumnElement[bool]] = []
    for name, value in conditions.items():
        if name == "since":
            clauses.append(table.created_at >= value)
        elif name == "until":
            clauses.append(table.created_at < value)
        elif name == "action" and str(value).endswith((".", "*")):
            clauses.append(table.action.startswith(str(value).rstrip("*"), autoescape=True))
        else:
            clauses.append(table[name] == value)
    if before is not None:
        clauses.append(tuple_(table.created_at, table.chain, table.sequence) < tuple_(*before))
    query = (
        select(cc_audit_log)
        .where(and_(True, *clauses))
        .order_by(table.created_at.desc(), table.chain.desc(), table.sequence.desc())
        .limit(limit)
    )
    return [_record(row) for row in (await connection.execute(query)).all()]


async def chain_in_order(
    connection: Connection, chain: UUID, after: int = 0, until: int | None = None
) -> AsyncIterator[list[Record]]:
    """Yield a chain's events behind `after`, up to and with `until`, in blocks."""
    last = after
    while True:
        query = (
            select(cc_audit_log)
            .where(cc_audit_log.c.chain == chain, cc_audit_log.c.sequence > last)
            .order_by(cc_audit_log.c.sequence)
            .limit(_BLOCK)
        )
        if until is not None:
            query = query.where(cc_audit_log.c.sequence <= until)
        records = [_record(row) for row in (await connection.execute(query)).all()]
        if records:
            yield records
            last = records[-1].sequence
        if len(records) < _BLOCK:
            return


async def heads(connection: Connection) -> dict[UUID, Head]:
    """Return the end of every chain."""
    rows = (await connection.execute(select(cc_audit_chain))).all()
    return {row.chain: Head(row.sequence, row.hash) for row in rows}


async def ensure_partitions(connection: Connection, months: int) -> None:
    """Create the partitions of this month and the `months` after it."""
    await connection.execute(text("SELECT cc_audit_ensure_partitions(:months)"), {"months": months})
