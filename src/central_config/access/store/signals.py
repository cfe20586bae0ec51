"""Telling every process that something it may remember is no longer so."""

from collections.abc import Iterable

from sqlalchemy import text

from central_config.core.db import Connection

CHANNEL = "cc_access"

_NOTIFY = text("SELECT pg_notify(:channel, subject) FROM unnest(CAST(:subjects AS text[])) subject")


async def announce(connection: Connection, subjects: Iterable[str]) -> None:
    """Send the subjects (`KIND:ID`) to all who listen, when the transaction commits."""
    await connection.execute(_NOTIFY, {"channel": CHANNEL, "subjects": sorted(set(subjects))})
