"""Findings, plans and playbooks: what the runbook is made of. Pure; nothing here acts."""
