"""What incidents, escalation, reports and checklists are, without I/O."""
