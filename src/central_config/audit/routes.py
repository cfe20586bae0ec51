"""Reading, exporting and proving the audit log over HTTP.

Whoever has audit.read everywhere sees all of it; whoever has it in a workspace names that one.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from central_config.audit.model import encode_heads, encode_record
from central_config.audit.service import AuditService, Bounds
from central_config.audit.service.retention import Retention, SealingRequests
from central_config.audit.wire import (
    Asking,
    EventAnswer,
    EventsAnswer,
    Place,
    RetentionAnswer,
    SealAnswer,
    SealingAnswer,
    SealsAnswer,
    VerifyAnswer,
)
from central_config.core.clock import parse_rfc3339, rfc3339
from central_config.core.problems import Problem
from central_config.core.web import (
    DEFAULT_LIMIT,
    Cursor,
    Limit,
    Moment,
    decode_cursor,
    encode_cursor,
    provided,
    requires,
)

router = APIRouter(prefix="/audit", tags=["Audit log"])

PERMISSION = "audit.read"
# The mark of a route for everybody who has proved who they are; `access`, which also names it, lies
# above this feature. Which permission is needed where depends on the query: `_chain` checks it.
SIGNED_IN = "signed-in"

Audit = Annotated[AuditService, provided(AuditService)]
Workspace = Annotated[
    str | None, Query(description="Slug; absent: everything, which needs audit.read everywhere")
]


async def _chain(
    request: Request, caller: Annotated[Asking, requires(SIGNED_IN)], workspace: Workspace = None
) -> UUID | None:
    """Return the chain the request is about; None for all of them.

    Raises:
        Problem: `permission-denied`; `workspace-not-found`.
    """
    principal = caller.principal
    if workspace is None:
        if not principal.can(PERMISSION, None):
            raise Problem(
                "permission-denied",
                f"this needs the permission {PERMISSION} everywhere; name a workspace where you "
                "have it with ?workspace=",
            )
        return None
    resolve: Callable[[str], Awaitable[Place | None]] = request.app.state.resolve_workspace
    place = await resolve(workspace)
    if place is None or not principal.sees(place.id):
        raise Problem("workspace-not-found", f"there is no workspace {workspace[:64]}")
    if not principal.can(PERMISSION, place.id):
        raise Problem("permission-denied", f"this needs the permission {PERMISSION}")
    return place.id


Caller = Annotated[Asking, requires(SIGNED_IN)]
Operator = Annotated[Asking, requires("system.operate")]
Months = Annotated[Retention, provided(Retention)]
Requests = Annotated[SealingRequests, provided(SealingRequests)]
Chain = Annotated[UUID | None, Depends(_chain)]


class _Filter:
    def __init__(
        self,
        actor: Annotated[str | None, Query(description="Name of a user or key")] = None,
        action: Annotated[
            str | None, Query(description="`key.created`, or `key.` for all that begin so")
        ] = None,
        since: Annotated[Moment | None, Query(description="From this time on")] = None,
        until: Annotated[Moment | None, Query(description="Before this time")] = None,
    ) -> None:
        given = {"actor_name": actor, "action": action, "since": since, "until": until}
        self.conditions = {name: value for name, value in given.items() if value is not None}


@router.get("", summary="List events")
async def list_events(
    _caller: Caller,
    chain: Chain,
    only: Annotated[_Filter, Depends()],
    audit: Audit,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> EventsAnswer:
    """Return events, newest first."""
    conditions: dict[str, object] = dict(only.conditions)
    if chain is not None:
        conditions["chain"] = chain
    records = await audit.page(conditions, _position(cursor), limit)
    following = None
    if len(records) == limit:
        last = records[-1]
        following = encode_cursor([rfc3339(last.created_at), str(last.chain), last.sequence])
    return EventsAnswer(items=[EventAnswer.of(record) for record in records], next_cursor=following)


@router.get(
    "/export",
    summary="Export whole chains",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {}}}},
)
async def export_events(_caller: Caller, chain: Chain, audit: Audit) -> StreamingResponse:
    """Stream events as JSON lines that prove themselves; the last line names the chains' ends."""
    return StreamingResponse(
        _lines(audit, chain),
        media_type="application/x-ndjson",
        headers={
            "Content-Disposition": 'attachment; filename="audit-log.jsonl"',
            "Cache-Control": "no-store",
        },
    )


@router.get("/verify", summary="Verify the log")
async def verify_events(_caller: Caller, chain: Chain, audit: Audit) -> VerifyAnswer:
    """Recompute every hash and compare each chain's end; names the first event that is wrong."""
    return VerifyAnswer.of(await audit.verify(chain))


@router.get("/seals", summary="List sealed months")
async def list_seals(_caller: Caller, chain: Chain, retention: Months) -> SealsAnswer:
    """Return the months that stand in files and no longer in the database, oldest first."""
    found = await retention.seals(chain)
    return SealsAnswer(items=[SealAnswer.of(seal) for seal in found])


@router.get("/retention", summary="See which months would be sealed")
async def plan_sealing(_caller: Operator, retention: Months) -> RetentionAnswer:
    """Return the months past retention, which the next sealing would export and drop."""
    return RetentionAnswer.of(await retention.run(dry_run=True))


@router.post("/seals", status_code=202, summary="Seal old months")
async def seal_months(caller: Operator, requests: Requests, response: Response) -> SealingAnswer:
    """Start the job that exports months past retention, verifies the files and drops the months."""
    job = await requests.ask(caller.actor)
    response.headers["Location"] = f"/api/v1/jobs/{job}"
    return SealingAnswer(job=job)


async def _lines(audit: AuditService, chain: UUID | None) -> AsyncIterator[bytes]:
    bounds = Bounds()
    async for block in audit.stream(chain, bounds):
        yield b"".join(encode_record(record) + b"\n" for record in block)
    yield encode_heads(bounds.heads, bounds.starts) + b"\n"


def _position(cursor: str | None) -> tuple[datetime, UUID, int] | None:
    position = decode_cursor(cursor, str, UUID, int)
    if position is None:
        return None
    moment = parse_rfc3339(position[0])
    if moment is None:
        raise Problem("malformed-cursor", "the cursor is not one this service gave")
    return moment, position[1], position[2]
