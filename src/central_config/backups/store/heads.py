"""What a database holds, in a few numbers that can be compared with those of another."""

from collections.abc import Mapping

import sqlalchemy as sa

from central_config.core.db import Database

_HEADS = sa.text("SELECT id::text AS id, revision FROM cc_workspace")
_COUNTED = ("cc_workspace", "cc_revision", "cc_configuration", "cc_user", "cc_audit_log")
_COUNTS = sa.text(
    " UNION ALL ".join(
        f"SELECT '{table}' AS name, count(*) AS rows FROM {table}"  # noqa: S608 - our own names
        for table in _COUNTED
    )
)


async def heads(database: Database) -> dict[str, int]:
    """Return the revision of every workspace, deleted ones included, by the workspace's id."""
    async with database.connect() as connection:
        return {row.id: row.revision for row in await connection.execute(_HEADS)}


async def counts(database: Database) -> Mapping[str, int]:
    """Return how many rows the most important tables have."""
    async with database.connect() as connection:
        found = await connection.execute(_COUNTS)
        return {row.name: row.rows for row in found}
