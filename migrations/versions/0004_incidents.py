"""Incidents, their timelines, the escalation schedule, checklists, and messages to be sent.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# The matrix of the runbook: minutes, on which condition, who. Nobody's address is known here but
# "default", every channel that is set up.
MATRIX = (
    ("on-call-engineer", "On-call engineer", 0, "any", '["default"]'),
    ("team-lead", "Team lead", 15, "any", "[]"),
    ("engineering-manager", "Engineering manager", 30, "critical", "[]"),
    ("director-of-engineering", "Director of engineering", 60, "widespread", "[]"),
    ("vp-of-engineering", "VP of engineering", 120, "customer_facing", "[]"),
    ("c-level-executives", "C-level executives", 240, "business_critical", "[]"),
)


def upgrade() -> None:
    """Apply."""
    _notifications()
    _incidents()
    _escalation()
    _checklists()


def _notifications() -> None:
    op.create_table(
        "cc_notification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("dedupe_key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'sent', 'failed')", name=op.f("ck_cc_notification_status")
        ),
        sa.CheckConstraint(
            "channel IN ('slack', 'mail', 'webhook')", name=op.f("ck_cc_notification_channel")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cc_notification")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_cc_notification_dedupe_key")),
    )
    op.create_index(
        "ix_cc_notification_queued",
        "cc_notification",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("status = 'queued'"),
    )


def _incidents() -> None:
    op.create_table(
        "cc_incident",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("situation", sa.Text(), nullable=False),
        sa.Column("services", sa.Text(), nullable=False),
        sa.Column("customers", sa.Text(), nullable=False),
        sa.Column("revenue", sa.Text(), nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("contact_phone", sa.Text(), nullable=False),
        sa.Column("contact_email", sa.Text(), nullable=False),
        sa.Column("widespread", sa.Boolean(), nullable=False),
        sa.Column("customer_facing", sa.Boolean(), nullable=False),
        sa.Column("business_critical", sa.Boolean(), nullable=False),
        sa.Column("detected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_update_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("root_cause", sa.Text(), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("prevention", sa.Text(), nullable=False),
        sa.Column("lessons", sa.Text(), nullable=False),
        sa.Column("alert_group", sa.Text(), nullable=True),
        sa.Column("alerts_firing", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "severity IN ('P0', 'P1', 'P2', 'P3')", name=op.f("ck_cc_incident_severity")
        ),
        sa.CheckConstraint(
            "status IN ('investigating', 'identified', 'monitoring', 'resolved')",
            name=op.f("ck_cc_incident_status"),
        ),
        sa.CheckConstraint(
            "(status = 'resolved') = (resolved_at IS NOT NULL)",
            name=op.f("ck_cc_incident_resolved"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cc_incident")),
    )
    op.create_index("ix_cc_incident_opened_at", "cc_incident", ["opened_at"], unique=False)
    op.create_index(
        "ix_cc_incident_open",
        "cc_incident",
        ["opened_at"],
        unique=False,
        postgresql_where=sa.text("status <> 'resolved'"),
    )
    op.create_index(
        "uq_cc_incident_alert_group",
        "cc_incident",
        ["alert_group"],
        unique=True,
        postgresql_where=sa.text("status <> 'resolved'"),
    )
    op.create_table(
        "cc_incident_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["cc_incident.id"],
            name=op.f("fk_cc_incident_entry_incident_id_cc_incident"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cc_incident_entry")),
    )
    op.create_index(
        op.f("ix_cc_incident_entry_incident_id"), "cc_incident_entry", ["incident_id"], unique=False
    )
    op.create_table(
        "cc_incident_action",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["cc_incident.id"],
            name=op.f("fk_cc_incident_action_incident_id_cc_incident"),
        ),
        sa.PrimaryKeyConstraint("incident_id", "number", name=op.f("pk_cc_incident_action")),
    )


def _escalation() -> None:
    steps = op.create_table(
        "cc_escalation_step",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("after_minutes", sa.Integer(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.CheckConstraint("after_minutes >= 0", name=op.f("ck_cc_escalation_step_after_minutes")),
        sa.CheckConstraint(
            "condition IN ('any', 'critical', 'widespread', 'customer_facing',"
            " 'business_critical')",
            name=op.f("ck_cc_escalation_step_condition"),
        ),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_cc_escalation_step")),
    )
    # A step is gone, but that somebody was told stays: no foreign key to it.
    op.create_table(
        "cc_escalation_notice",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["cc_incident.id"],
            name=op.f("fk_cc_escalation_notice_incident_id_cc_incident"),
        ),
        sa.PrimaryKeyConstraint("incident_id", "role", name=op.f("pk_cc_escalation_notice")),
    )
    names = ("role", "name", "after_minutes", "condition", "targets")
    op.bulk_insert(steps, [dict(zip(names, row, strict=True)) for row in MATRIX])


def _checklists() -> None:
    op.create_table(
        "cc_checklist_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("checklist", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("green", sa.Boolean(), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["cc_incident.id"],
            name=op.f("fk_cc_checklist_run_incident_id_cc_incident"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cc_checklist_run")),
    )
    op.create_index(
        op.f("ix_cc_checklist_run_incident_id"), "cc_checklist_run", ["incident_id"], unique=False
    )
