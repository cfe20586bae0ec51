"""The escalation schedule over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path

from central_config.access.model import Caller
from central_config.core.web import Text, provided, requires
from central_config.incidents.service.escalation import Escalation
from central_config.incidents.wire.incidents import StepBody, StepOut, StepsOut

router = APIRouter(prefix="/incidents/escalation", tags=["Incidents"])

Operator = Annotated[Caller, requires("system.operate")]
Service = Annotated[Escalation, provided(Escalation)]
Role = Annotated[Text, Path(max_length=60, examples=["team-lead"])]


@router.get("", summary="Show the escalation schedule")
async def list_escalation(_caller: Operator, service: Service) -> StepsOut:
    """Return who is told of an incident after how long, and on which condition."""
    return StepsOut(items=[StepOut.of(step) for step in await service.steps()])


@router.put("/{role}", summary="Set a step of the escalation schedule")
async def set_escalation(role: Role, body: StepBody, caller: Operator, service: Service) -> StepOut:
    """Write the step of a role; it holds for incidents that go on, too."""
    return StepOut.of(await service.set_step(caller, body.step(role)))


@router.delete("/{role}", status_code=204, summary="Remove a step of the escalation schedule")
async def remove_escalation(role: Role, caller: Operator, service: Service) -> None:
    """Remove the step of a role."""
    await service.remove_step(caller, role)
