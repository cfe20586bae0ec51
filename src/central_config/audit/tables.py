"""Tables of the audit log."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, LargeBinary, Table, Text, Uuid

from central_config.core.db import metadata

# Partitioned by month of `created_at` (see the migration), so that old months can be exported,
# sealed and detached without touching the chain; hence `created_at` in the primary key.
cc_audit_log = Table(
    "cc_audit_log",
    metadata,
    Column("chain", Uuid, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("created_at", DateTime(timezone=True), primary_key=True, index=True),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Uuid),
    Column("actor_name", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("client_ip", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    postgresql_partition_by="RANGE (created_at)",
)

cc_audit_chain = Table(
    "cc_audit_chain",
    metadata,
    Column("chain", Uuid, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

# A month that was exported and dropped, and what it held of each chain.
cc_audit_seal = Table(
    "cc_audit_seal",
    metadata,
    Column("partition", Text, primary_key=True),
    Column("begins", DateTime(timezone=True), nullable=False),
    Column("ends", DateTime(timezone=True), nullable=False),
    Column("file", Text, nullable=False),
    Column("file_sha256", LargeBinary, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("sealed_at", DateTime(timezone=True), nullable=False),
)

cc_audit_seal_chain = Table(
    "cc_audit_seal_chain",
    metadata,
    Column("chain", Uuid, primary_key=True),
    Column("first_sequence", BigInteger, primary_key=True),
    Column("last_sequence", BigInteger, nullable=False),
    Column("starts_from", LargeBinary, nullable=False),
    Column("ends_at", LargeBinary, nullable=False),
    Column("partition", Text, ForeignKey("cc_audit_seal.partition"), nullable=False, index=True),
)
