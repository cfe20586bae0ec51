"""Incidents over HTTP, for operators."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import PlainTextResponse

from central_config.access.model import Caller
from central_config.core.clock import parse_rfc3339, rfc3339
from central_config.core.problems import Problem
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
from central_config.incidents.model.incidents import Action, Severity, Status
from central_config.incidents.service.escalation import Escalation
from central_config.incidents.service.incidents import Incidents
from central_config.incidents.wire.incidents import (
    ActionPatch,
    EscalateBody,
    IncidentOut,
    IncidentPage,
    IncidentPatch,
    IncidentTold,
    NewAction,
    NewIncident,
    ResolveBody,
    StepOut,
    UpdateBody,
)

router = APIRouter(prefix="/incidents", tags=["Incidents"])

Operator = Annotated[Caller, requires("system.operate")]
Service = Annotated[Incidents, provided(Incidents)]
Escalating = Annotated[Escalation, provided(Escalation)]
Id = Annotated[Text, Path(max_length=40, examples=["INC-2026-1123-001"])]
Number = Annotated[int, Path(ge=1, le=1_000_000)]


@router.get("", summary="List incidents")
async def list_incidents(
    _caller: Operator,
    service: Service,
    status: Status | None = None,
    severity: Severity | None = None,
    going_on: Annotated[bool | None, Query(alias="open", description="true: not resolved")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> IncidentPage:
    """List incidents, newest first."""
    given = {"status": status, "severity": severity, "open": going_on}
    conditions = {name: value for name, value in given.items() if value is not None}
    position = decode_cursor(cursor, str, str)
    before = None
    if position is not None:
        moment = parse_rfc3339(position[0])
        if moment is None:
            raise Problem("malformed-cursor", "the cursor is not one this service gave")
        before = (moment, position[1])
    found = await service.page(conditions, before, limit)
    following = None
    if len(found) == limit:
        following = encode_cursor([rfc3339(found[-1].opened_at), found[-1].id])
    return IncidentPage(items=[IncidentOut.of(each) for each in found], next_cursor=following)


@router.post("", status_code=201, summary="Open an incident")
async def open_incident(
    body: NewIncident, caller: Operator, service: Service, response: Response
) -> IncidentTold:
    """Open an incident; whoever the schedule names for minute 0 is told."""
    told = await service.open(caller, body.new())
    response.headers["Location"] = f"/api/v1/incidents/{told.incident.id}"
    return IncidentTold.told(told)


@router.get("/{incident}", summary="Show an incident")
async def get_incident(
    incident: Id,
    _caller: Operator,
    service: Service,
    cursor: Annotated[str | None, Query(description="`earlier_cursor` of an answer")] = None,
) -> IncidentTold:
    """Show an incident with its action items and the end of its timeline, or what came before."""
    position = decode_cursor(cursor, int)
    before = None if position is None else position[0]
    return IncidentTold.told(await service.show(incident, before))


@router.patch("/{incident}", summary="Change an incident")
async def change_incident(
    incident: Id, body: IncidentPatch, caller: Operator, service: Service
) -> IncidentTold:
    """Correct or add facts; the timeline says which."""
    return IncidentTold.told(await service.change(caller, incident, body.changes()))


@router.post("/{incident}/updates", status_code=201, summary="Write into the timeline")
async def update_incident(
    incident: Id, body: UpdateBody, caller: Operator, service: Service
) -> IncidentTold:
    """Say how it stands; while the incident goes on, that is its situation."""
    changes = body.changes()
    text = str(changes.pop("text"))
    return IncidentTold.told(await service.update(caller, incident, text, changes))


@router.post("/{incident}/acknowledge", summary="Acknowledge an incident")
async def acknowledge_incident(incident: Id, caller: Operator, service: Service) -> IncidentTold:
    """Say that you respond; the response time ends here."""
    return IncidentTold.told(await service.acknowledge(caller, incident))


@router.post("/{incident}/resolve", summary="Resolve an incident")
async def resolve_incident(
    incident: Id, body: ResolveBody, caller: Operator, service: Service
) -> IncidentTold:
    """End an incident; everybody who was told of it gets the resolution report."""
    return IncidentTold.told(await service.resolve(caller, incident, body.changes()))


@router.post("/{incident}/escalate", summary="Escalate an incident")
async def escalate_incident(
    incident: Id, body: EscalateBody, caller: Operator, service: Escalating
) -> StepOut:
    """Tell a role now, or the next of the schedule that has not been told."""
    return StepOut.of(await service.escalate(caller, incident, body.role))


@router.post("/{incident}/actions", status_code=201, summary="Add an action item")
async def add_action(
    incident: Id, body: NewAction, caller: Operator, service: Service
) -> IncidentTold:
    """Add something to do, with an owner and a date; also after the incident."""
    action = Action(incident, 0, body.text, body.owner, body.due)
    return IncidentTold.told(await service.add_action(caller, action))


@router.patch("/{incident}/actions/{number}", summary="Change an action item")
async def change_action(
    incident: Id, number: Number, body: ActionPatch, caller: Operator, service: Service
) -> IncidentTold:
    """Change an action item, or mark it as done."""
    changed = await service.change_action(caller, incident, number, body.changes())
    return IncidentTold.told(changed)


@router.get(
    "/{incident}/reports/{document}",
    summary="Report an incident",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {}}}},
)
async def report_incident(
    incident: Id, document: Literal["initial", "resolution"], _caller: Operator, service: Service
) -> PlainTextResponse:
    """Return the runbook's report, filled with what is recorded; the first line is the subject."""
    return PlainTextResponse(await service.report(incident, document))
