"""HTTP models of incidents, escalation, alerts and checklists."""
