"""What a server says of the archive of its log."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from central_config.core.db import Connection

_FACTS = sa.text(
    """
    SELECT current_setting('archive_mode') <> 'off' AS archives,
           archived_count, last_archived_wal, last_archived_time,
           failed_count, last_failed_wal, last_failed_time,
           (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready') AS waiting,
           (SELECT sum(size) FROM pg_ls_waldir()) AS log_bytes,
           extract(epoch FROM clock_timestamp() - last_archived_time)::float8 AS age
      FROM pg_stat_archiver
    """
)


class ArchiveFacts(NamedTuple):
    """The archive of the server's log.

    Attributes:
        archives: whether the server archives its log at all.
        archived: segments archived since the counters began.
        last_archived: name of the newest segment in the archive, None when there is none yet.
        last_archived_at: when it arrived; with zone.
        age_seconds: how long ago that was; what would be lost with the server is not older than
            this plus what it takes to send a segment. None when nothing was archived yet.
        failed: attempts that failed.
        last_failed_at: when the latest attempt failed; with zone.
        failing: whether the latest attempt failed.
        waiting: segments that are complete and wait to be archived. One or two are ordinary.
        log_bytes: what the log takes on the server's disk.
    """

    archives: bool
    archived: int
    last_archived: str | None
    last_archived_at: datetime | None
    age_seconds: float | None
    failed: int
    last_failed_at: datetime | None
    failing: bool
    waiting: int
    log_bytes: int


async def facts(connection: Connection) -> ArchiveFacts:
    """Ask the server. The role needs `pg_monitor`, which the one-machine role has."""
    row = (await connection.execute(_FACTS)).one()
    return ArchiveFacts(
        archives=row.archives,
        archived=row.archived_count,
        last_archived=row.last_archived_wal,
        last_archived_at=row.last_archived_time,
        age_seconds=row.age,
        failed=row.failed_count,
        last_failed_at=row.last_failed_time,
        failing=row.last_failed_time is not None
        and (row.last_archived_time is None or row.last_failed_time > row.last_archived_time),
        waiting=row.waiting,
        log_bytes=int(row.log_bytes or 0),
    )
