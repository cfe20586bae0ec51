"""Background jobs over HTTP, for operators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from central_config.core.web import DEFAULT_LIMIT, Cursor, Limit, encode_cursor, provided
from central_config.operations.routes.shared import Operator, position
from central_config.operations.service.jobs import Jobs
from central_config.operations.wire.jobs import JobOut, JobPage, JobStatus

router = APIRouter()

JobService = Annotated[Jobs, provided(Jobs)]


@router.get("/jobs")
async def list_jobs(
    _caller: Operator,
    service: JobService,
    status: JobStatus | None = None,
    kind: Annotated[str | None, Query(description="e.g. maintenance.hourly")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> JobPage:
    """List background jobs, newest first."""
    conditions: dict[str, str] = {}
    if status is not None:
        conditions["status"] = status
    if kind is not None:
        conditions["kind"] = kind
    found = await service.page(conditions, position(cursor), limit)
    return JobPage(
        items=[JobOut.of(each) for each in found],
        next_cursor=encode_cursor([str(found[-1].id)]) if len(found) == limit else None,
    )


@router.get("/jobs/{job}")
async def get_job(job: UUID, _caller: Operator, service: JobService) -> JobOut:
    """Show a background job."""
    return JobOut.of(await service.show(job))


@router.post("/jobs/{job}/retry")
async def retry_job(job: UUID, caller: Operator, service: JobService) -> JobOut:
    """Run a failed or cancelled job again."""
    return JobOut.of(await service.retry(caller, job))


@router.post("/jobs/{job}/cancel")
async def cancel_job(job: UUID, caller: Operator, service: JobService) -> JobOut:
    """Cancel a job that has not begun."""
    return JobOut.of(await service.cancel(caller, job))
