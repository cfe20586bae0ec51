"""Tables of users, roles, permissions, API keys and sign-ins."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    false,
    text,
    true,
)

from central_config.core.db import metadata

cc_user = Table(
    "cc_user",
    metadata,
    Column("id", Uuid, primary_key=True),
    # Always lower case, so that uniqueness needs no extension and no function index.
    Column("username", Text, nullable=False, unique=True),
    Column("email", Text, nullable=False),
    Column("display_name", Text, nullable=False, server_default=""),
    Column("password_hash", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=true()),
    Column("must_change_password", Boolean, nullable=False, server_default=false()),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("last_login", DateTime(timezone=True)),
    CheckConstraint("username = lower(username)", name="username_lower"),
)

roles = Table(
    "roles",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("description", Text, nullable=False, server_default=""),
    Column("built_in", Boolean, nullable=False, server_default=false()),
)

permissions = Table(
    "permissions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("description", Text, nullable=False),
)

role_permissions = Table(
    "role_permissions",
    metadata,
    Column("role_id", Uuid, ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "permission_id", Uuid, ForeignKey("permissions.id", ondelete="CASCADE"), primary_key=True
    ),
)

user_roles = Table(
    "user_roles",
    metadata,
    Column("user_id", Uuid, ForeignKey("cc_user.id", ondelete="CASCADE"), nullable=False),
    Column("role_id", Uuid, ForeignKey("roles.id"), nullable=False, index=True),
    # NULL = in every workspace.
    Column("workspace_id", Uuid, ForeignKey("cc_workspace.id", ondelete="CASCADE"), index=True),
    Index(
        "uq_user_roles_assignment",
        "user_id",
        "role_id",
        "workspace_id",
        unique=True,
        postgresql_nulls_not_distinct=True,
    ),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column(
        "workspace_id",
        Uuid,
        ForeignKey("cc_workspace.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    # NULL = every environment of the workspace.
    Column("environments", ARRAY(Text)),
    Column("key_prefix", Text, nullable=False, server_default=""),
    Column("access", Text, nullable=False),
    Column("secrets", Boolean, nullable=False, server_default=false()),
    # NULL = made by a command on the machine, not by a user.
    Column("created_by", Uuid, ForeignKey("cc_user.id", ondelete="SET NULL")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("last_used", DateTime(timezone=True)),
    Column("usage_count", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint("access IN ('read', 'write')", name="access"),
)

cc_session = Table(
    "cc_session",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column(
        "user_id", Uuid, ForeignKey("cc_user.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("last_seen", DateTime(timezone=True), nullable=False),
    Column("client_ip", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
)

# Which key takes the place of which; both live until the old one is unused.
cc_key_rotation = Table(
    "cc_key_rotation",
    metadata,
    Column("old_id", Uuid, ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "new_id", Uuid, ForeignKey("api_keys.id", ondelete="CASCADE"), nullable=False, unique=True
    ),
    # The successor's: 2 is the first successor of a key.
    Column("generation", Integer, nullable=False),
    Column("rotated_at", DateTime(timezone=True), nullable=False),
    Column("overlap_ends_at", DateTime(timezone=True), nullable=False),
)
