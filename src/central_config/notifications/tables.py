"""The outbox."""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, Table, Text, Uuid, text

from central_config.core.db import metadata

cc_notification = Table(
    "cc_notification",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("error", Text),
    Column("dedupe_key", Text, unique=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("sent_at", DateTime(timezone=True)),
    CheckConstraint("status IN ('queued', 'sent', 'failed')", name="status"),
    CheckConstraint("channel IN ('slack', 'mail', 'webhook')", name="channel"),
    # What every delivery looks for; what was sent is not in it.
    Index(
        "ix_cc_notification_queued", "next_attempt_at", postgresql_where=text("status = 'queued'")
    ),
)
