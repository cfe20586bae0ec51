"""Table of what people of a workspace say."""

from sqlalchemy import Column, DateTime, ForeignKey, Table, Text, Uuid

from central_config.core.db import metadata

# `words` is a JSON list: the words of keys that what is said may stand for.
cc_synonym = Table(
    "cc_synonym",
    metadata,
    Column("workspace_id", Uuid, ForeignKey("cc_workspace.id"), primary_key=True),
    Column("said", Text, primary_key=True),
    Column("words", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("updated_by", Text, nullable=False),
)
