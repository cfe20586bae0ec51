"""Tables of workspaces, environments and revisions."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Table,
    Text,
    Uuid,
    text,
)

from central_config.core.db import metadata

cc_workspace = Table(
    "cc_workspace",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("oldest_revision", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
    Index("uq_cc_workspace_slug", "slug", unique=True, postgresql_where=text("deleted_at IS NULL")),
)

cc_environment = Table(
    "cc_environment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("workspace_id", Uuid, ForeignKey("cc_workspace.id"), nullable=False),
    Column("slug", Text, nullable=False),
    Column("parent_id", Uuid, ForeignKey("cc_environment.id")),
    Column("requires_approval", Boolean, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
    Index(
        "uq_cc_environment_slug",
        "workspace_id",
        "slug",
        unique=True,
        postgresql_where=text("deleted_at IS NULL"),
    ),
)

# One row per revision. `kind` says what it changed: `change` (values), `environments`, `schemas`,
# `keys` (a key without values became a secret).
# `topology` holds the environments from this revision on, where it changed them: time travel
# resolves inheritance as it was then.
cc_revision = Table(
    "cc_revision",
    metadata,
    Column("workspace_id", Uuid, ForeignKey("cc_workspace.id"), primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("change_id", Uuid),
    Column("topology", Text),
    Index("ix_cc_revision_published", "workspace_id", "published_at"),
)

# A restore of the database took revisions away: those between `after_revision`, the last that was
# restored, and `revision`, the first one after the restore. Whoever remembers one of them
# remembers what is no more. `restore_id` is the same for all workspaces of one restore.
cc_restoration = Table(
    "cc_restoration",
    metadata,
    Column("workspace_id", Uuid, ForeignKey("cc_workspace.id"), primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    Column("after_revision", BigInteger, nullable=False),
    Column("restore_id", Uuid, nullable=False),
    Column("restored_at", DateTime(timezone=True), nullable=False),
)
