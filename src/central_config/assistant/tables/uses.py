"""Tables of what is read."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from central_config.core.db import metadata

# Reads of all replicas. `part` false: of the key `name` by itself. True: of all keys that begin
# with `name`, by reads and watches of a prefix or (empty) of the whole environment. No index holds
# what a read changes, so that the row is changed where it lies.
cc_key_use = Table(
    "cc_key_use",
    metadata,
    Column("environment_id", Uuid, ForeignKey("cc_environment.id"), primary_key=True),
    Column("part", Boolean, primary_key=True),
    Column("name", Text(collation="C"), primary_key=True),
    Column("reads", BigInteger, nullable=False),
    Column("first_read_at", DateTime(timezone=True), nullable=False),
    Column("last_read_at", DateTime(timezone=True), nullable=False),
)

# One row: since when reads have been counted without a gap, and when somebody last wrote any down.
cc_use_counting = Table(
    "cc_use_counting",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("began_at", DateTime(timezone=True), nullable=False),
    Column("flushed_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("id = 1", name="one"),
)
