"""SQL of what is measured, in one statement: every replica asks it every few seconds."""

from sqlalchemy import text

from central_config.core.db import Connection
from central_config.core.jobs.model import QUEUED, STATUSES
from central_config.core.json import as_object, decode
from central_config.operations.model.measures import Measures
from central_config.operations.model.plan import AUDIT_VERIFY

# The scheduler's lock (`worker.beat`). One number as key stands in two columns, high and low half.
_BEAT_LOCK = 1667458658
_MEASURES = text("""
    WITH counted AS (
        SELECT status, count(*) AS jobs,
               extract(epoch FROM now() - min(run_after))::float8 AS waiting
        FROM cc_job GROUP BY status),
    verified AS (
        SELECT status, finished_at FROM cc_report
        WHERE kind = :verify ORDER BY finished_at DESC LIMIT 1)
    SELECT (SELECT coalesce(json_object_agg(status, jobs), '{}')::text FROM counted) AS jobs,
           (SELECT waiting FROM counted WHERE status = :queued) AS waiting,
           (SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
            WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted
              AND l.classid = 0 AND l.objid = :beat AND l.objsubid = 1) AS leaders,
           (SELECT status FROM verified) AS verified,
           (SELECT extract(epoch FROM now() - finished_at)::float8 FROM verified) AS verified_ago
""")


async def measures(connection: Connection) -> Measures:
    """Return what there is at the moment."""
    names = {"verify": AUDIT_VERIFY, "queued": QUEUED, "beat": _BEAT_LOCK}
    row = (await connection.execute(_MEASURES, names)).one()
    found = as_object(decode(row.jobs))
    return Measures(
        jobs={status: int(str(found.get(status, 0))) for status in STATUSES},
        oldest_queued=max(row.waiting or 0.0, 0.0),
        beat_leaders=row.leaders,
        chain_intact=None if row.verified is None else row.verified == "ok",
        verified_ago=row.verified_ago,
    )
