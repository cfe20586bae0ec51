"""Tables of incidents, the escalation schedule and checklists."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from central_config.core.db import metadata

_OPEN = text("status <> 'resolved'")

cc_incident = Table(
    "cc_incident",
    metadata,
    Column("id", Text, primary_key=True),
    Column("severity", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("situation", Text, nullable=False),
    # JSON: a list of names.
    Column("services", Text, nullable=False),
    Column("customers", Text, nullable=False),
    Column("revenue", Text, nullable=False),
    Column("contact_name", Text, nullable=False),
    Column("contact_phone", Text, nullable=False),
    Column("contact_email", Text, nullable=False),
    Column("widespread", Boolean, nullable=False),
    Column("customer_facing", Boolean, nullable=False),
    Column("business_critical", Boolean, nullable=False),
    Column("detected_at", DateTime(timezone=True), nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False, index=True),
    Column("opened_by", Text, nullable=False),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("acknowledged_by", Text, nullable=False),
    Column("resolved_at", DateTime(timezone=True)),
    Column("next_update_at", DateTime(timezone=True)),
    Column("summary", Text, nullable=False),
    Column("root_cause", Text, nullable=False),
    Column("resolution", Text, nullable=False),
    Column("prevention", Text, nullable=False),
    Column("lessons", Text, nullable=False),
    # Alertmanager's group, and (JSON) the fingerprints of its alerts that fire.
    Column("alert_group", Text),
    Column("alerts_firing", Text, nullable=False),
    CheckConstraint("severity IN ('P0', 'P1', 'P2', 'P3')", name="severity"),
    CheckConstraint(
        "status IN ('investigating', 'identified', 'monitoring', 'resolved')", name="status"
    ),
    CheckConstraint("(status = 'resolved') = (resolved_at IS NOT NULL)", name="resolved"),
    Index("ix_cc_incident_open", "opened_at", postgresql_where=_OPEN),
    # However many Alertmanagers report a group: one incident of it is open.
    Index("uq_cc_incident_alert_group", "alert_group", unique=True, postgresql_where=_OPEN),
)

# The timeline: rows are added, never changed or deleted.
cc_incident_entry = Table(
    "cc_incident_entry",
    metadata,
    # Writers hold the incident's lock, so that these numbers are in the order of its timeline.
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("incident_id", Text, ForeignKey("cc_incident.id"), nullable=False, index=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
)

cc_incident_action = Table(
    "cc_incident_action",
    metadata,
    Column("incident_id", Text, ForeignKey("cc_incident.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("due", Date),
    Column("done_at", DateTime(timezone=True)),
)

cc_escalation_step = Table(
    "cc_escalation_step",
    metadata,
    Column("role", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("after_minutes", Integer, nullable=False),
    Column("condition", Text, nullable=False),
    # JSON: a list of targets of notifications.
    Column("targets", Text, nullable=False),
    CheckConstraint("after_minutes >= 0", name="after_minutes"),
    CheckConstraint(
        "condition IN ('any', 'critical', 'widespread', 'customer_facing', 'business_critical')",
        name="condition",
    ),
)

# Who has been told of an incident: the key is what makes it happen once.
cc_escalation_notice = Table(
    "cc_escalation_notice",
    metadata,
    Column("incident_id", Text, ForeignKey("cc_incident.id"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
)

cc_checklist_run = Table(
    "cc_checklist_run",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("checklist", Text, nullable=False),
    Column("incident_id", Text, ForeignKey("cc_incident.id"), index=True),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("started_by", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("green", Boolean, nullable=False),
    # JSON: the items as they stood.
    Column("items", Text, nullable=False),
)
