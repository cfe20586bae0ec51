"""Checklists over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from central_config.access.model import Caller
from central_config.core.web import (
    DEFAULT_LIMIT,
    Cursor,
    Limit,
    Text,
    decode_cursor,
    encode_cursor,
    provided,
    requires,
)
from central_config.incidents.model.checklists import CHECKLISTS
from central_config.incidents.service.checklists import Checklists
from central_config.incidents.wire.checklists import (
    ChecklistOut,
    ChecklistsOut,
    ConfirmBody,
    RunBody,
    RunOut,
    RunPage,
)

router = APIRouter(prefix="/checklists", tags=["Checklists"])

Operator = Annotated[Caller, requires("system.operate")]
Service = Annotated[Checklists, provided(Checklists)]
Name = Annotated[Text, Path(max_length=64, examples=["pre-deployment"])]


@router.get("", summary="List the checklists")
async def list_checklists(_caller: Operator) -> ChecklistsOut:
    """Return the runbook's checklists, and what of them is looked at without asking."""
    return ChecklistsOut(items=[ChecklistOut.of(each) for each in CHECKLISTS.values()])


@router.get("/runs", summary="List runs of checklists")
async def list_checklist_runs(
    _caller: Operator,
    service: Service,
    checklist: Annotated[Text | None, Query(description="Its name")] = None,
    incident: Annotated[Text | None, Query(description="Id of an incident")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> RunPage:
    """List how checklists were gone through, newest first."""
    given = {"checklist": checklist, "incident_id": incident}
    conditions = {name: value for name, value in given.items() if value is not None}
    position = decode_cursor(cursor, UUID)
    found = await service.page(conditions, None if position is None else position[0], limit)
    return RunPage(
        items=[RunOut.of(each) for each in found],
        next_cursor=encode_cursor([str(found[-1].id)]) if len(found) == limit else None,
    )


@router.get("/runs/{run}", summary="Show a run of a checklist")
async def get_checklist_run(run: UUID, _caller: Operator, service: Service) -> RunOut:
    """Show how a checklist was gone through."""
    return RunOut.of(await service.show(run))


@router.post("/runs/{run}/confirm", summary="Confirm items of a checklist")
async def confirm_checklist_run(
    run: UUID, body: ConfirmBody, caller: Operator, service: Service
) -> RunOut:
    """Give your word on items that nothing can be looked at for; the others are looked at again."""
    return RunOut.of(await service.confirm(caller, run, body.confirm))


@router.post("/{checklist}/runs", status_code=201, summary="Go through a checklist")
async def run_checklist(
    checklist: Name, body: RunBody, caller: Operator, service: Service
) -> RunOut:
    """Look at what can be looked at, take your word for what you confirm, keep the result."""
    run = await service.begin(caller, checklist, body.incident, body.confirm)
    return RunOut.of(run)
