"""Reports of maintenance, and sealed months of the audit log.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "cc_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("sections", sa.Text(), nullable=False),
        sa.CheckConstraint("status IN ('ok', 'warning', 'bad')", name=op.f("ck_cc_report_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cc_report")),
    )
    op.create_index(
        "ix_cc_report_kind_finished_at", "cc_report", ["kind", "finished_at"], unique=False
    )
    op.create_table(
        "cc_size",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("day", "name", name=op.f("pk_cc_size")),
    )
    op.create_table(
        "cc_audit_seal",
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("begins", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("partition", name=op.f("pk_cc_audit_seal")),
    )
    op.create_table(
        "cc_audit_seal_chain",
        sa.Column("chain", sa.Uuid(), nullable=False),
        sa.Column("first_sequence", sa.BigInteger(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("starts_from", sa.LargeBinary(), nullable=False),
        sa.Column("ends_at", sa.LargeBinary(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partition"],
            ["cc_audit_seal.partition"],
            name=op.f("fk_cc_audit_seal_chain_partition_cc_audit_seal"),
        ),
        sa.PrimaryKeyConstraint("chain", "first_sequence", name=op.f("pk_cc_audit_seal_chain")),
    )
    op.create_index(
        op.f("ix_cc_audit_seal_chain_partition"), "cc_audit_seal_chain", ["partition"], unique=False
    )
    op.create_table(
        "cc_key_rotation",
        sa.Column("old_id", sa.Uuid(), nullable=False),
        sa.Column("new_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("overlap_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["new_id"],
            ["api_keys.id"],
            name=op.f("fk_cc_key_rotation_new_id_api_keys"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["old_id"],
            ["api_keys.id"],
            name=op.f("fk_cc_key_rotation_old_id_api_keys"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("old_id", name=op.f("pk_cc_key_rotation")),
        sa.UniqueConstraint("new_id", name=op.f("uq_cc_key_rotation_new_id")),
    )
    op.add_column("cc_schedule", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
