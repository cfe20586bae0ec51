"""Maintenance and its reports over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from central_config.core.json import JSON
from central_config.core.web import DEFAULT_LIMIT, Cursor, Limit, encode_cursor, provided
from central_config.operations.routes.shared import Operator, position
from central_config.operations.service.jobs import Jobs
from central_config.operations.service.reports import Reports
from central_config.operations.wire.jobs import JobOut
from central_config.operations.wire.reports import (
    MaintenanceIn,
    MaintenanceName,
    ReportOut,
    ReportPage,
    ReportStatus,
)

router = APIRouter()

JobService = Annotated[Jobs, provided(Jobs)]
ReportService = Annotated[Reports, provided(Reports)]


@router.post("/maintenance/{name}", status_code=202)
async def start_maintenance(
    name: MaintenanceName,
    caller: Operator,
    service: JobService,
    response: Response,
    body: MaintenanceIn | None = None,
) -> JobOut:
    """Start maintenance now; while it waits or runs already, that job is the answer."""
    arguments: dict[str, JSON] = {"apply": True} if body is not None and body.apply else {}
    job = await service.maintain(caller, name, arguments)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return JobOut.of(job)


@router.get("/reports")
async def list_reports(
    _caller: Operator,
    service: ReportService,
    status: ReportStatus | None = None,
    kind: Annotated[str | None, Query(description="e.g. maintenance.daily, audit.verify")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> ReportPage:
    """List reports of maintenance and of verifications of the audit log, newest first."""
    asked = {"status": status, "kind": kind}
    conditions = {name: value for name, value in asked.items() if value is not None}
    found = await service.page(conditions, position(cursor), limit)
    return ReportPage(
        items=[ReportOut.of(each) for each in found],
        next_cursor=encode_cursor([str(found[-1].id)]) if len(found) == limit else None,
    )


@router.get("/reports/{report}")
async def get_report(report: UUID, _caller: Operator, service: ReportService) -> ReportOut:
    """Show a report."""
    return ReportOut.of(await service.show(report))
