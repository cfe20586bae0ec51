"""Tables of background jobs."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from central_config.core.db import metadata

cc_job = Table(
    "cc_job",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("progress", Double),
    Column("note", Text, nullable=False),
    Column("result", Text),
    Column("error", Text),
    Column("dedupe_key", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("run_after", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("heartbeat_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    CheckConstraint(
        "status IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="status"
    ),
    # The same work is not enqueued twice while it waits or runs.
    Index(
        "uq_cc_job_dedupe_key",
        "dedupe_key",
        unique=True,
        postgresql_where=text("status IN ('queued', 'running')"),
    ),
    # What the sweeper looks for every few seconds; finished jobs are not in these.
    Index("ix_cc_job_queued", "run_after", postgresql_where=text("status = 'queued'")),
    Index("ix_cc_job_running", "heartbeat_at", postgresql_where=text("status = 'running'")),
    Index("ix_cc_job_finished_at", "finished_at"),
)

cc_schedule = Table(
    "cc_schedule",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("every_seconds", Integer, nullable=False),
    Column("last_enqueued_at", DateTime(timezone=True)),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    # A new part of the plan has its first turn then.
    Column("not_before", DateTime(timezone=True)),
    CheckConstraint("every_seconds > 0", name="every_seconds"),
)
