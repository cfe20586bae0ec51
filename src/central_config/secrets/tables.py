"""Tables of keys that encrypt."""

from sqlalchemy import Column, DateTime, ForeignKey, LargeBinary, Table, Uuid

from central_config.core.db import metadata

cc_data_key = Table(
    "cc_data_key",
    metadata,
    Column("workspace_id", Uuid, ForeignKey("cc_workspace.id"), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
