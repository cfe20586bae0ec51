"""Watching an environment: Server-Sent Events, and long polls for clients that cannot stream."""

import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from central_config.access.model import Caller
from central_config.core.problems import FieldError, Problem
from central_config.core.web import LONGEST_REVISION, Guard, provided, requires
from central_config.watch.hub import HEARTBEAT, Watcher
from central_config.watch.model import Heard, as_sse
from central_config.watch.service import OPENING, RECHECK, Watching, heard

router = APIRouter(tags=["watch"])

MAXIMUM_WAIT = 60

EVENT_STREAM = "text/event-stream"


@router.get(
    "/watch/{workspace}/{environment}",
    responses={200: {"content": {EVENT_STREAM: {}, "application/json": {}}}},
)
async def watch(  # noqa: PLR0913 - the parameters of the question
    request: Request,
    environment: str,
    caller: Annotated[Caller, requires("config.read")],
    service: Annotated[Watching, provided(Watching)],
    prefix: Annotated[str, Query(description="Only keys that begin so")] = "",
    revision: Annotated[
        int | None, Query(ge=0, description="Hear everything after it; absent: a snapshot first")
    ] = None,
    wait: Annotated[
        float, Query(ge=0, le=MAXIMUM_WAIT, description="Long poll: seconds to wait")
    ] = 30,
    accept: Annotated[str, Header()] = "",
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Hear of each revision that changes what the environment serves.

    With `Accept: text/event-stream`, a stream: `change` events (data `{revision, changes:[{key,
    value, status} | {key, removed}]}`) and `snapshot` events (data as a read of the environment)
    that replace all that was known. The event's id is the revision; `Last-Event-ID` resumes.

    Otherwise one answer `{revision, events:[{event, ...data}]}`, at once or after `wait` seconds.
    """
    since = _since(revision, last_event_id)
    if EVENT_STREAM in accept:
        watcher, backlog = await service.open(caller, environment, prefix, since)
        return StreamingResponse(
            _stream(request, service, watcher, backlog),
            media_type=EVENT_STREAM,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
    if since is None:
        detail = "a long poll says which revision it has; a read of the environment tells one"
        raise Problem("invalid-request", detail, errors=[FieldError("?revision", detail)])

    async def recheck() -> None:
        guard: Guard = request.app.state.guard
        if not await guard.still_valid(request):
            # Says why, in the words any other request would be refused with.
            await guard.check(request, "config.read")
            raise Problem("invalid-credentials", "the credentials changed while this waited")

    polled = await service.poll(caller, environment, prefix, since, wait=wait, recheck=recheck)
    events = b",".join(
        b'{"event":"%b",%b' % (event.kind.encode(), event.data[1:]) for event in polled.events
    )
    body = b'{"revision":%d,"events":[%b]}' % (polled.revision, events)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


def _since(revision: int | None, last_event_id: str | None) -> int | None:
    if last_event_id is None or not last_event_id.strip():
        return revision
    text = last_event_id.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_REVISION):
        raise Problem("malformed-header", f"Last-Event-ID is a revision, not {text[:80]!r}")
    return int(text)


async def _stream(
    request: Request, service: Watching, watcher: Watcher, backlog: list[Heard]
) -> AsyncIterator[bytes]:
    guard: Guard = request.app.state.guard
    try:
        yield b"".join([OPENING, *map(as_sse, backlog)])
        last_sent = time.monotonic()
        async for event in heard(watcher, RECHECK):
            if event is not None:
                yield as_sse(event)
                last_sent = time.monotonic()
            elif not await guard.still_valid(request):
                return
            elif time.monotonic() - last_sent >= HEARTBEAT:
                yield b": alive\n\n"
                last_sent = time.monotonic()
    finally:
        service.close(watcher)
