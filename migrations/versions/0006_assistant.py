"""Questions, reviews and advice.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "cc_key_use",
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("reads", sa.BigInteger(), nullable=False),
        sa.Column("first_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["cc_environment.id"],
            name=op.f("fk_cc_key_use_environment_id_cc_environment"),
        ),
        sa.PrimaryKeyConstraint("environment_id", "part", "name", name=op.f("pk_cc_key_use")),
    )
    op.create_table(
        "cc_use_counting",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("flushed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_cc_use_counting_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cc_use_counting")),
    )
    op.create_table(
        "cc_synonym",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["cc_workspace.id"],
            name=op.f("fk_cc_synonym_workspace_id_cc_workspace"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "said", name=op.f("pk_cc_synonym")),
    )
    op.create_table(
        "cc_review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'ready', 'away')", name=op.f("ck_cc_review_status")
        ),
        sa.ForeignKeyConstraint(
            ["change_id"],
            ["cc_change.id"],
            name=op.f("fk_cc_review_change_id_cc_change"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cc_review")),
        sa.UniqueConstraint(
            "change_id", "edition", "fingerprint", name=op.f("uq_cc_review_change_id")
        ),
    )
    op.create_table(
        "cc_review_policy",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("environments", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "severity IN ('low', 'medium', 'high', 'critical')",
            name=op.f("ck_cc_review_policy_severity"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["cc_workspace.id"],
            name=op.f("fk_cc_review_policy_workspace_id_cc_workspace"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", name=op.f("pk_cc_review_policy")),
    )
    op.create_table(
        "cc_recommendation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("change_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'accepted', 'dismissed')",
            name=op.f("ck_cc_recommendation_status"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["cc_workspace.id"],
            name=op.f("fk_cc_recommendation_workspace_id_cc_workspace"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cc_recommendation")),
    )
    op.create_index(
        "uq_cc_recommendation_subject",
        "cc_recommendation",
        ["workspace_id", "subject"],
        unique=True,
    )
    op.create_table(
        "cc_advice_scan",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_off", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["cc_workspace.id"],
            name=op.f("fk_cc_advice_scan_workspace_id_cc_workspace"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_cc_advice_scan")),
    )
