"""SQL of jobs.

Times are the database's: workers on several machines need one clock to agree on who is silent. A
run is known by the job's id, number of attempts and start: what a run that was given up still
writes finds no row.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, and_, select, text

from central_config.core.db import Connection, IntegrityError
from central_config.core.ids import new_id
from central_config.core.jobs.model import STATUSES, Job, JobStats
from central_config.core.jobs.tables import cc_job
from central_config.core.json import JSON, as_object, decode, encode

_ENQUEUE = text("""
    INSERT INTO cc_job (id, kind, arguments, status, attempts, note, dedupe_key, created_at,
                        run_after)
    VALUES (:id, :kind, :arguments, 'queued', 0, '', :dedupe_key, now(),
            coalesce(CAST(:run_after AS timestamptz), now()))
    ON CONFLICT (dedupe_key) WHERE status IN ('queued', 'running') DO NOTHING
    RETURNING id
""")
_SAME = text("""
    SELECT id FROM cc_job WHERE dedupe_key = :dedupe_key AND status IN ('queued', 'running')
""")
_CLAIM = text("""
    UPDATE cc_job
    SET status = 'running', attempts = attempts + 1, started_at = now(), heartbeat_at = now(),
        progress = NULL, note = ''
    WHERE id = :id AND status = 'queued' AND run_after <= now()
    RETURNING *
""")
_HEARTBEAT = text("""
    UPDATE cc_job SET heartbeat_at = now(), progress = :progress, note = :note
    WHERE id = :id AND attempts = :attempts AND started_at = :started_at AND status = 'running'
    RETURNING id
""")
_END = text("""
    UPDATE cc_job SET status = :status, result = :result, error = :error, finished_at = now(),
        progress = coalesce(CAST(:progress AS double precision), progress)
    WHERE id = :id AND attempts = :attempts AND started_at = :started_at AND status = 'running'
    RETURNING id
""")
_PUT_BACK = text("""
    UPDATE cc_job SET status = 'queued', run_after = now() + make_interval(secs => :delay),
        error = :error, heartbeat_at = NULL, attempts = attempts - :forgiven
    WHERE id = :id AND attempts = :attempts AND started_at = :started_at AND status = 'running'
    RETURNING id
""")
_LOST = text("""
    SELECT * FROM cc_job
    WHERE status = 'running' AND heartbeat_at < now() - make_interval(secs => :silent)
    ORDER BY heartbeat_at LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_OVERDUE = text("""
    SELECT id FROM cc_job
    WHERE status = 'queued' AND run_after <= now() - make_interval(secs => :waiting)
    ORDER BY run_after LIMIT :limit
""")
_RETRY = text("""
    UPDATE cc_job SET status = 'queued', attempts = 0, run_after = now(), finished_at = NULL,
        error = NULL, progress = NULL, note = ''
    WHERE id = :id AND status IN ('failed', 'cancelled')
    RETURNING id
""")
_CANCEL = text("""
    UPDATE cc_job SET status = 'cancelled', finished_at = now()
    WHERE id = :id AND status = 'queued' RETURNING id
""")
_PURGE = text("DELETE FROM cc_job WHERE finished_at < :before")
_STATS = text("""
    SELECT status, count(*) AS jobs,
           extract(epoch FROM now() - min(run_after))::float8 AS waiting
    FROM cc_job GROUP BY status
""")


async def enqueue(
    connection: Connection,
    kind: str,
    arguments: Mapping[str, JSON],
    *,
    dedupe_key: str | None = None,
    run_after: datetime | None = None,
) -> UUID:
    """Insert a job in the caller's transaction and return its id.

    Hand the id to `JobQueue.dispatch` after the commit. Arguments are shown to operators: they
    never hold a secret. While a job of the same `dedupe_key` waits or runs, that one's id is
    returned instead.
    """
    values = {
        "id": new_id(),
        "kind": kind,
        "arguments": encode(dict(arguments)).decode(),
        "dedupe_key": dedupe_key,
        "run_after": run_after,
    }
    while True:
        made = (await connection.execute(_ENQUEUE, values)).scalar_one_or_none()
        if made is not None:
            return made
        same = await connection.execute(_SAME, {"dedupe_key": dedupe_key})
        found = same.scalar_one_or_none()
        if found is not None:
            return found  # else it ended between the two statements


async def claim(connection: Connection, job_id: UUID) -> Job | None:
    """Begin a run; None when the job is not due, runs, or has ended."""
    row = (await connection.execute(_CLAIM, {"id": job_id})).mappings().one_or_none()
    return None if row is None else _job(row)


async def heartbeat(connection: Connection, run: Job, progress: float | None, note: str) -> bool:
    """Say that a run is alive; False when it was given up and somebody else may run the job."""
    values = _known_by(run) | {"progress": progress, "note": note}
    return await _changed(connection, _HEARTBEAT, values)


async def end(
    connection: Connection,
    run: Job,
    status: str,
    *,
    result: JSON = None,
    error: str | None = None,
    progress: float | None = None,
) -> bool:
    """End a run, and with it the job; False when the run was given up before."""
    values = _known_by(run) | {
        "status": status,
        "result": None if result is None else encode(result).decode(),
        "error": error,
        "progress": progress,
    }
    return await _changed(connection, _END, values)


async def put_back(
    connection: Connection,
    run: Job,
    *,
    delay: float = 0,
    error: str | None = None,
    counted: bool = True,
) -> bool:
    """Queue the job of a run again after `delay` seconds; an uncounted run was nobody's fault."""
    values = _known_by(run) | {"delay": delay, "error": error, "forgiven": 0 if counted else 1}
    return await _changed(connection, _PUT_BACK, values)


async def lost(connection: Connection, silent: float, limit: int) -> list[Job]:
    """Lock and return runs that have said nothing for `silent` seconds."""
    rows = await connection.execute(_LOST, {"silent": silent, "limit": limit})
    return [_job(row) for row in rows.mappings()]


async def overdue(connection: Connection, waiting: float, limit: int) -> list[UUID]:
    """Return jobs that have been due for `waiting` seconds and not been begun, oldest first."""
    rows = await connection.execute(_OVERDUE, {"waiting": waiting, "limit": limit})
    return list(rows.scalars())


async def retry(connection: Connection, job_id: UUID) -> bool | None:
    """Queue a failed or cancelled job as if it were new; False when it is neither.

    None: a job of the same dedupe key waits or runs, so there is nothing to do again.
    """
    try:
        async with connection.begin_nested():
            return await _changed(connection, _RETRY, {"id": job_id})
    except IntegrityError:
        return None


async def cancel(connection: Connection, job_id: UUID) -> bool:
    """Cancel a job that has not begun; False when it has."""
    return await _changed(connection, _CANCEL, {"id": job_id})


async def find(connection: Connection, job_id: UUID) -> Job | None:
    """Return a job."""
    query = select(cc_job).where(cc_job.c.id == job_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _job(row)


async def page(
    connection: Connection, conditions: Mapping[str, str], before: UUID | None, limit: int
) -> Sequence[Job]:
    """Return jobs, newest first, whose columns have the values of the conditions."""
    clauses = [cc_job.c[name] == value for name, value in conditions.items()]
    if before is not None:
        clauses.append(cc_job.c.id < before)
    query = select(cc_job).where(and_(True, *clauses)).order_by(cc_job.c.id.desc()).limit(limit)
    return [_job(row) for row in (await connection.execute(query)).mappings()]


async def purge(connection: Connection, before: datetime) -> int:
    """Delete jobs that ended before; return how many."""
    return (await connection.execute(_PURGE, {"before": before})).rowcount


async def job_stats(connection: Connection) -> JobStats:
    """Count the jobs by status; every status is there, also with 0."""
    counts: dict[str, int] = {status: 0 for status in STATUSES}  # noqa: C420 - its type
    waiting = 0.0
    for row in await connection.execute(_STATS):
        counts[row.status] = row.jobs
        if row.status == "queued":
            waiting = max(row.waiting, 0.0)
    return JobStats(counts, waiting)


async def _changed(connection: Connection, statement: Any, values: Mapping[str, Any]) -> bool:  # noqa: ANN401 - a text clause
    return (await connection.execute(statement, values)).one_or_none() is not None


def _known_by(run: Job) -> dict[str, Any]:
    return {"id": run.id, "attempts": run.attempts, "started_at": run.started_at}


def _job(row: RowMapping) -> Job:
    values = dict(row)
    values["arguments"] = as_object(decode(row["arguments"]))
    values["result"] = None if row["result"] is None else decode(row["result"])
    return Job(**values)
