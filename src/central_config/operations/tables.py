"""Tables of operating the service."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Table,
    Text,
    Uuid,
)

from central_config.core.db import metadata

# What maintenance and verifications of the audit log found.
cc_report = Table(
    "cc_report",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True), nullable=False),
    Column("status", Text, nullable=False),
    Column("sections", Text, nullable=False),
    CheckConstraint("status IN ('ok', 'warning', 'bad')", name="status"),
    # The last one of a kind is asked for every few seconds by what is measured.
    Index("ix_cc_report_kind_finished_at", "kind", "finished_at"),
)

# How large the database and its tables were, once a day: what forecasts are made of. An empty
# name is the whole database.
cc_size = Table(
    "cc_size",
    metadata,
    Column("day", Date, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("rows", BigInteger),
)
