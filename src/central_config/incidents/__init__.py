"""Incidents: who is told when, what happened, what is reported; and the runbook's checklists.

Start with `service.incidents`. `service.escalation` tells people as time passes, `service.alerts`
takes what Alertmanager reports, `service.checklists` checks what can be checked and records who
confirmed the rest.
"""
