"""Telling people: messages to Slack, by mail, or to a webhook, through an outbox in PostgreSQL.

Start with `service`: `post` writes messages in the caller's transaction, `Deliverer` sends them in
a background job. A message is a row before anybody tries to send it, so none is lost with a queue.
"""
