"""Tables of the audit log."""

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, Table, Text, Uuid

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
