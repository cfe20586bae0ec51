"""Incidents: opened, updated, escalated, resolved, reported; checklists.

Start with `service`.
"""
