"""The table of what was done with backups."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Table, Text, Uuid

from central_config.core.db import metadata

# One row for each run that ended, well or not. It says when there was a backup last; which there
# are is asked of the repository, for this table may be what is lost.
cc_backup_run = Table(
    "cc_backup_run",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("action", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True), nullable=False),
    Column("size_bytes", BigInteger),
    Column("error", Text),
    Column("detail", Text, nullable=False),
    CheckConstraint("outcome IN ('done', 'failed')", name="outcome"),
)
