"""SQL of incidents, escalation and checklists."""
