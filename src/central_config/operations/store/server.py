"""SQL of what PostgreSQL says of itself."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from central_config.core.db import Connection

_ABOUT = text("""
    SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
           pg_is_in_recovery() AS in_recovery,
           current_database() AS database,
           pg_database_size(current_database()) AS size,
           s.stats_reset, now() AS now,
           s.blks_hit, s.blks_read, s.deadlocks, s.temp_bytes
    FROM pg_stat_database AS s WHERE s.datname = current_database()
""")


class About(NamedTuple):
    """The server and our database. `stats_reset`: since when it counts; None: ever since."""

    version: str
    in_recovery: bool
    database: str
    size: int
    stats_reset: datetime | None
    now: datetime
    blks_hit: int
    blks_read: int
    deadlocks: int
    temp_bytes: int


async def about(connection: Connection) -> About:
    """Return what the server says."""
    return About(*(await connection.execute(_ABOUT)).one())
