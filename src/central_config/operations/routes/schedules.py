"""What runs by itself, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Response

from central_config.core.web import provided
from central_config.operations.routes.shared import Operator
from central_config.operations.service.jobs import Jobs
from central_config.operations.service.schedules import Schedules
from central_config.operations.wire.jobs import JobOut
from central_config.operations.wire.schedules import ScheduleOut, SchedulePage, SwitchIn

router = APIRouter()

ScheduleService = Annotated[Schedules, provided(Schedules)]
JobService = Annotated[Jobs, provided(Jobs)]


@router.get("/schedules")
async def list_schedules(_caller: Operator, service: ScheduleService) -> SchedulePage:
    """List what runs by itself, how often, and when next."""
    return SchedulePage(items=[ScheduleOut.of(each) for each in await service.everything()])


@router.patch("/schedules/{name}")
async def switch_schedule(
    name: str, body: SwitchIn, caller: Operator, service: ScheduleService
) -> ScheduleOut:
    """Enable or disable a schedule. It stays so, also when a new version is installed."""
    return ScheduleOut.of(await service.switch(caller, name, enabled=body.enabled))


@router.post("/schedules/{name}/start", status_code=202)
async def start_scheduled(
    name: str, caller: Operator, service: JobService, response: Response
) -> JobOut:
    """Start now what runs by itself; while it waits or runs already, that job is the answer."""
    job = await service.start(caller, name)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return JobOut.of(job)
