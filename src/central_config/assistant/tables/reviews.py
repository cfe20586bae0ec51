"""Tables of reviews: what a model worded, and what a workspace wants more care with."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from central_config.core.db import metadata

# What was asked of the model about a change. Findings are worked out anew whenever somebody looks;
# `fingerprint` says for which the words are. They and the words quote values, and a key may become
# a secret later: `content` is sealed.
cc_review = Table(
    "cc_review",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("change_id", Uuid, ForeignKey("cc_change.id", ondelete="CASCADE"), nullable=False),
    Column("edition", Integer, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    UniqueConstraint("change_id", "edition", "fingerprint"),
    CheckConstraint("status IN ('queued', 'ready', 'away')", name="status"),
)

cc_review_policy = Table(
    "cc_review_policy",
    metadata,
    Column(
        "workspace_id", Uuid, ForeignKey("cc_workspace.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("name", Text, primary_key=True),
    Column("pattern", Text, nullable=False),
    Column("environments", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("advice", Text, nullable=False),
    CheckConstraint("severity IN ('low', 'medium', 'high', 'critical')", name="severity"),
)
