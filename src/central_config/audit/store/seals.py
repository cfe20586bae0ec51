"""SQL of sealed months."""

from collections import defaultdict
from uuid import UUID

from sqlalchemy import select, text

from central_config.audit.model import Seal, SealedRun
from central_config.audit.tables import cc_audit_seal, cc_audit_seal_chain
from central_config.core.db import Connection

_INSERT_RUNS = text("""
    INSERT INTO cc_audit_seal_chain (chain, first_sequence, last_sequence, starts_from, ends_at,
                                     partition)
    SELECT chain, first_sequence, last_sequence, starts_from, ends_at, :partition
    FROM unnest(CAST(:chain AS uuid[]), CAST(:first AS bigint[]), CAST(:last AS bigint[]),
                CAST(:starts_from AS bytea[]), CAST(:ends_at AS bytea[]))
         AS run (chain, first_sequence, last_sequence, starts_from, ends_at)
""")


async def seals(connection: Connection, chain: UUID | None = None) -> list[Seal]:
    """Return the sealed months, oldest first; of one chain: those that hold events of it."""
    runs: defaultdict[str, list[SealedRun]] = defaultdict(list)
    query = select(cc_audit_seal_chain)
    if chain is not None:
        query = query.where(cc_audit_seal_chain.c.chain == chain)
    for row in await connection.execute(query):
        run = SealedRun(
            row.chain, row.first_sequence, row.last_sequence, row.starts_from, row.ends_at
        )
        runs[row.partition].append(run)
    rows = await connection.execute(select(cc_audit_seal).order_by(cc_audit_seal.c.begins))
    return [
        Seal(
            partition=row.partition,
            begins=row.begins,
            ends=row.ends,
            file=row.file,
            sha256=row.file_sha256,
            events=row.events,
            sealed_at=row.sealed_at,
            runs=tuple(sorted(runs.get(row.partition, ()))),
        )
        for row in rows
        if chain is None or row.partition in runs
    ]


async def insert(connection: Connection, seal: Seal) -> None:
    """Insert the seal of a month."""
    await connection.execute(
        cc_audit_seal.insert().values(
            partition=seal.partition,
            begins=seal.begins,
            ends=seal.ends,
            file=seal.file,
            file_sha256=seal.sha256,
            events=seal.events,
            sealed_at=seal.sealed_at,
        )
    )
    columns = {
        name: [getattr(run, name) for run in seal.runs] for name in SealedRun.__struct_fields__
    }
    await connection.execute(_INSERT_RUNS, {"partition": seal.partition, **columns})
