"""What a database holds at one moment, and that moment's name, so that a dump shows the same."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from central_config.backups.model.manifest import Facts
from central_config.core.db import connect_arguments, open_connection

# A dump may take long, and counting all rows of a table too; each is bounded by its caller.
_PATIENT = {
    "application_name": "central-config-backup",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
_CONNECT_WITHIN = 10  # seconds

_TABLES = """
    SELECT c.relname AS name FROM pg_class AS c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1
"""
_GRANTEES = """
    SELECT DISTINCT g.grantee::regrole::text AS name
    FROM pg_class AS c CROSS JOIN aclexplode(c.relacl) AS g
    WHERE c.relnamespace = current_schema()::regnamespace
      AND g.grantee NOT IN (0, c.relowner)
    ORDER BY 1
"""
_EXTENSIONS = "SELECT extname AS name FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1"


class Moment:
    """One moment of a database. `name` lets other sessions see it too, while this one lasts."""

    def __init__(self, connection: Any, name: str) -> None:  # noqa: ANN401 - asyncpg is untyped
        self._connection = connection
        self.name = name

    async def facts(self) -> Facts:
        """Return what the database holds."""
        fetch = self._connection.fetch
        counts: dict[str, int] = {}
        for (table,) in await fetch(_TABLES):
            quoted = table.replace('"', '""')
            statement = f'SELECT count(*) FROM "{quoted}"'  # noqa: S608 - quoted, from the catalogue
            counts[table] = await self._connection.fetchval(statement)
        chains = await fetch("SELECT chain, sequence, hash FROM cc_audit_chain")
        return Facts(
            heads={str(row["id"]): row["revision"] for row in await fetch(HEADS)},
            counts=counts,
            chains={str(row["chain"]): (row["sequence"], row["hash"].hex()) for row in chains},
            schema=await self._connection.fetchval("SELECT version_num FROM alembic_version"),
            server=int(await self._connection.fetchval("SHOW server_version_num")),
            extensions=[row["name"] for row in await fetch(_EXTENSIONS)],
            grantees=[row["name"] for row in await fetch(_GRANTEES)],
        )


HEADS = "SELECT id, revision FROM cc_workspace"


@asynccontextmanager
async def moment_of(url: str) -> AsyncGenerator[Moment]:
    """Hold one moment of a database until the block ends."""
    async with session(url) as connection:
        options = {"isolation": "repeatable_read", "readonly": True}
        async with connection.transaction(**options):
            yield Moment(connection, await connection.fetchval("SELECT pg_export_snapshot()"))


@asynccontextmanager
async def session(url: str) -> AsyncGenerator[Any]:
    """Open a session that may take its time, until the block ends."""
    connection = await open_connection(
        **connect_arguments(url),
        statement_cache_size=0,
        server_settings=_PATIENT,
        timeout=_CONNECT_WITHIN,
    )
    try:
        yield connection
    finally:
        await connection.close(timeout=_CONNECT_WITHIN)
