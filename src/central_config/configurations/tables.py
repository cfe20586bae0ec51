"""Tables of configurations, versions, changes and schema rules."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)

from central_config.core.db import metadata

# Keys are compared byte by byte: a prefix is a range of the index whatever the locale.
KEY = Text(collation="C")

# The heads: one row for each key an environment holds or held. `status` is draft (in a draft only,
# never published), active, deprecated, archived or removed. A value stands in `body` (JSON) or,
# encrypted, in `sealed`.
cc_configuration = Table(
    "cc_configuration",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("workspace_id", Uuid, ForeignKey("cc_workspace.id"), nullable=False),
    Column("environment_id", Uuid, ForeignKey("cc_environment.id"), nullable=False),
    Column("key", KEY, nullable=False),
    Column("status", Text, nullable=False),
    Column("body", Text),
    Column("sealed", LargeBinary),
    Column("version", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("body IS NULL OR sealed IS NULL", name="one_form"),
    Index("uq_cc_configuration_place", "environment_id", "key", unique=True),
    Index("idx_cc_configuration_workspace_status", "workspace_id", "status"),
)

# Every value a configuration ever had, until compaction. `action` is set, remove or status.
cc_version = Table(
    "cc_version",
    metadata,
    Column("configuration_id", BigInteger, ForeignKey("cc_configuration.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("workspace_id", Uuid, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("change_id", Uuid),
    Column("action", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("body", Text),
    Column("sealed", LargeBinary),
    Index("ix_cc_version_revision", "workspace_id", "revision"),
)

# What is said of a key in all environments of a workspace; a row only where something is said.
cc_key = Table(
    "cc_key",
    metadata,
    Column("workspace_id", Uuid, ForeignKey("cc_workspace.id"), primary_key=True),
    Column("key", KEY, primary_key=True),
    Column("secret", Boolean, nullable=False),
    Column("description", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

cc_change = Table(
    "cc_change",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("workspace_id", Uuid, ForeignKey("cc_workspace.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("author_kind", Text, nullable=False),
    Column("author_id", Uuid),
    Column("author_name", Text, nullable=False),
    Column("base_revision", BigInteger, nullable=False),
    Column("revision", BigInteger),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("submitted_at", DateTime(timezone=True)),
    Column("decided_at", DateTime(timezone=True)),
    Column("decided_by", Text),
    Column("comment", Text),
    Column("published_at", DateTime(timezone=True)),
    Column("published_by", Text),
    Column("edit_count", Integer, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("responsible_id", Uuid),
    Index("ix_cc_change_workspace", "workspace_id", "id"),
    Index(
        "ix_cc_change_revision",
        "workspace_id",
        "revision",
        unique=True,
        postgresql_where=Column("revision").is_not(None),
    ),
)

# The edits of a change that is not published; a published one is told by its versions.
cc_change_edit = Table(
    "cc_change_edit",
    metadata,
    Column("change_id", Uuid, ForeignKey("cc_change.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("environment_id", Uuid, ForeignKey("cc_environment.id"), nullable=False),
    Column("key", KEY, nullable=False),
    Column("action", Text, nullable=False),
    Column("status", Text),
    Column("secret", Boolean, nullable=False),
    Column("description", Text),
    Column("body", Text),
    Column("sealed", LargeBinary),
)

cc_schema_rule = Table(
    "cc_schema_rule",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("workspace_id", Uuid, ForeignKey("cc_workspace.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("pattern", Text, nullable=False),
    Column("schema", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Index("uq_cc_schema_rule_name", "workspace_id", "name", unique=True),
)
