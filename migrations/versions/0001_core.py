"""The core: workspaces, configurations, changes, access, audit.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


# One partition for each month, from this one on, made ahead of time: whole months can later be
# exported, sealed and detached. A row of any other month falls into the default partition.
_ENSURE_PARTITIONS = """
CREATE FUNCTION cc_audit_ensure_partitions(months integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
    month date;
    name text;
    made integer := 0;
BEGIN
    FOR i IN 0..months LOOP
        month := (first + make_interval(months => i))::date;
        name := format('cc_audit_log_y%sm%s', to_char(month, 'YYYY'), to_char(month, 'MM'));
        IF to_regclass(name) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF cc_audit_log FOR VALUES FROM (%L) TO (%L)',
                name, month::timestamp AT TIME ZONE 'UTC',
                (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$
"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "cc_audit_chain",
        sa.Column("chain", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_cc_audit_chain")),
    )
    op.create_table(
        "cc_audit_log",
        sa.Column("chain", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("client_ip", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "sequence", "created_at", name=op.f("pk_cc_audit_log")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index(
        op.f("ix_cc_audit_log_created_at"), "cc_audit_log", ["created_at"], unique=False
    )
    op.create_table(
        "cc_idempotency",
        sa.Column("owner", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_cc_idempotency")),
    )
    op.create_index(
        op.f("ix_cc_idempotency_created_at"), "cc_idempotency", ["created_at"], unique=False
    )
    op.create_table(
        "cc_user",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), server_default="", nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "must_change_password", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_login", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("username = lower(username)", name=op.f("ck_cc_user_username_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cc_user")),
        sa.UniqueConstraint("username", name=op.f("uq_cc_user_username")),
    )
    op.create_table(
        "cc_workspace",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("oldest_revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cc_workspace")),
    )
    op.create_index(
        "uq_cc_workspace_slug",
        "cc_workspace",
        ["slug"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "permissions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permissions")),
        sa.UniqueConstraint("name", name=op.f("uq_permissions_name")),
    )
    op.create_table(
        "roles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("built_in", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("name", name=op.f("uq_roles_name")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("environments", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("key_prefix", sa.Text(), server_default="", nullable=False),
        sa.Column("access", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used", sa.DateTime(timezone=True), nullable=True),
        sa.Column("usage_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("access IN ('read', 'write')", name=op.f("ck_api_keys_access")),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["cc_user.id"],
            name=op.f("fk_api_keys_created_by_cc_user"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["cc_workspace.id"],
            name=op.f("fk_api_keys_workspace_id_cc_workspace"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_index(op.f("ix_api_keys_workspace_id"), "api_keys", ["workspace_id"], unique=False)
    op.create_table(
        "cc_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("author_kind", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("base_revision", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.Text(), nullable=True),
        sa.Column("edit_count", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("responsible_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["cc_workspace.id"],
            name=op.f("fk_cc_change_workspace_id_cc_workspace"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cc_change")),
    )
    op.create_index(
        "ix_cc_change_revision",
        "cc_change",
        ["workspace_id", "revision"],
        unique=True,
        postgresql_where=sa.text("revision IS NOT NULL"),
    )
    op.create_index("ix_cc_change_workspace", "cc_change", ["workspace_id", "id"], unique=False)
    op.create_table(
        "cc_data_key",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["cc_workspace.id"],
            name=op.f("fk_cc_data_key_workspace_id_cc_workspace"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_cc_data_key")),
    )
    op.create_table(
        "cc_environment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("requires_approval", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["cc_environment.id"],
            name=op.f("fk_cc_environment_parent_id_cc_environment"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["cc_workspace.id"],
            name=op.f("fk_cc_environment_workspace_id_cc_workspace"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cc_environment")),
    )
    op.create_index(
        "uq_cc_environment_slug",
        "cc_environment",
        ["workspace_id", "slug"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "cc_key",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["cc_workspace.id"], name=op.f("fk_cc_key_workspace_id_cc_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "key", name=op.f("pk_cc_key")),
    )
    op.create_table(
        "cc_revision",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=True),
        sa.Column("topology", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["cc_workspace.id"],
            name=op.f("fk_cc_revision_workspace_id_cc_workspace"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "revision", name=op.f("pk_cc_revision")),
    )
    op.create_index(
        "ix_cc_revision_published", "cc_revision", ["workspace_id", "published_at"], unique=False
    )
    op.create_table(
        "cc_schema_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["cc_workspace.id"],
            name=op.f("fk_cc_schema_rule_workspace_id_cc_workspace"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cc_schema_rule")),
    )
    op.create_index(
        "uq_cc_schema_rule_name", "cc_schema_rule", ["workspace_id", "name"], unique=True
    )
    op.create_table(
        "cc_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("client_ip", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["cc_user.id"],
            name=op.f("fk_cc_session_user_id_cc_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cc_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_cc_session_token_hash")),
    )
    op.create_index(op.f("ix_cc_session_user_id"), "cc_session", ["user_id"], unique=False)
    op.create_table(
        "role_permissions",
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("permission_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["permission_id"],
            ["permissions.id"],
            name=op.f("fk_role_permissions_permission_id_permissions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["role_id"],
            ["roles.id"],
            name=op.f("fk_role_permissions_role_id_roles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("role_id", "permission_id", name=op.f("pk_role_permissions")),
    )
    op.create_table(
        "user_roles",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_user_roles_role_id_roles")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["cc_user.id"],
            name=op.f("fk_user_roles_user_id_cc_user"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["cc_workspace.id"],
            name=op.f("fk_user_roles_workspace_id_cc_workspace"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_user_roles_role_id"), "user_roles", ["role_id"], unique=False)
    op.create_index(
        op.f("ix_user_roles_workspace_id"), "user_roles", ["workspace_id"], unique=False
    )
    op.create_index(
        "uq_user_roles_assignment",
        "user_roles",
        ["user_id", "role_id", "workspace_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "cc_change_edit",
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["change_id"], ["cc_change.id"], name=op.f("fk_cc_change_edit_change_id_cc_change")
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["cc_environment.id"],
            name=op.f("fk_cc_change_edit_environment_id_cc_environment"),
        ),
        sa.PrimaryKeyConstraint("change_id", "position", name=op.f("pk_cc_change_edit")),
    )
    op.create_table(
        "cc_configuration",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "body IS NULL OR sealed IS NULL", name=op.f("ck_cc_configuration_one_form")
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["cc_environment.id"],
            name=op.f("fk_cc_configuration_environment_id_cc_environment"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["cc_workspace.id"],
            name=op.f("fk_cc_configuration_workspace_id_cc_workspace"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cc_configuration")),
    )
    op.create_index(
        "idx_cc_configuration_workspace_status",
        "cc_configuration",
        ["workspace_id", "status"],
        unique=False,
    )
    op.create_index(
        "uq_cc_configuration_place", "cc_configuration", ["environment_id", "key"], unique=True
    )
    op.create_table(
        "cc_version",
        sa.Column("configuration_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["configuration_id"],
            ["cc_configuration.id"],
            name=op.f("fk_cc_version_configuration_id_cc_configuration"),
        ),
        sa.PrimaryKeyConstraint("configuration_id", "version", name=op.f("pk_cc_version")),
    )
    op.create_index(
        "ix_cc_version_revision", "cc_version", ["workspace_id", "revision"], unique=False
    )
    op.execute(_ENSURE_PARTITIONS)
    op.execute("CREATE TABLE cc_audit_log_default PARTITION OF cc_audit_log DEFAULT")
    op.execute("SELECT cc_audit_ensure_partitions(12)")
