"""Tables of recommendations."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Table,
    Text,
    Uuid,
)

from central_config.core.db import metadata

# What a scan proposed, and what somebody decided. `subject` says what it is about and `facts` what
# it rests on, both as digests; `advice` is the rest (JSON). No value of the workspace is in it.
cc_recommendation = Table(
    "cc_recommendation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("workspace_id", Uuid, ForeignKey("cc_workspace.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("advice", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("found_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("decided_at", DateTime(timezone=True)),
    Column("decided_by", Text),
    Column("reason", Text),
    Column("change_id", Uuid),
    CheckConstraint("status IN ('open', 'accepted', 'dismissed')", name="status"),
    Index("uq_cc_recommendation_subject", "workspace_id", "subject", unique=True),
)

# The last scan of each workspace. `left_off`: kinds of which there is more than is kept (JSON).
cc_advice_scan = Table(
    "cc_advice_scan",
    metadata,
    Column("workspace_id", Uuid, ForeignKey("cc_workspace.id"), primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("scanned_at", DateTime(timezone=True), nullable=False),
    Column("left_off", Text, nullable=False),
)
