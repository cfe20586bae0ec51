"""Telling people: Slack, mail and webhooks, from an outbox in PostgreSQL.

Start with `service`.
"""
