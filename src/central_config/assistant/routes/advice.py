"""Recommendations: to look at, to make a draft of, to dismiss."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response

from central_config.access.model import Caller
from central_config.assistant.routes.switch import ONLY_IF_ENABLED
from central_config.assistant.service.advising import Advising
from central_config.assistant.wire.advice import (
    DismissIn,
    Kind,
    RecommendationOut,
    RecommendationPage,
    ScanOut,
    Status,
)
from central_config.configurations.wire.changes import ChangeOut
from central_config.core.web import (
    DEFAULT_LIMIT,
    Cursor,
    Limit,
    decode_cursor,
    encode_cursor,
    provided,
    requires,
)

PLACE = "/workspaces/{workspace}/recommendations"

router = APIRouter(tags=["assistant"], dependencies=ONLY_IF_ENABLED)

Reader = Annotated[Caller, requires("config.read")]
Author = Annotated[Caller, requires("config.write")]
Service = Annotated[Advising, provided(Advising)]


@router.get(PLACE)
async def list_recommendations(
    caller: Reader,
    service: Service,
    status: Status | Literal["all"] = "open",
    kind: Kind | None = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> RecommendationPage:
    """List what the last scan found, the most telling first.

    One whose facts have changed since is left out until the next scan has looked.
    """
    position = decode_cursor(cursor, int)
    start = 0 if position is None else position[0]
    wanted = None if status == "all" else status
    listing = await service.listing(caller, wanted, kind, start=start, limit=limit)
    return RecommendationPage.of(listing, encode_cursor([start + limit]) if listing.more else None)


@router.post(PLACE + "/scan", status_code=202)
async def scan_for_recommendations(caller: Author, service: Service) -> ScanOut:
    """Have a worker scan the workspace now; it happens once a day anyway."""
    return ScanOut(job=await service.scan(caller))


@router.get(PLACE + "/{recommendation}")
async def get_recommendation(
    recommendation: UUID, caller: Reader, service: Service
) -> RecommendationOut:
    """Show a recommendation."""
    return RecommendationOut.of(await service.show(caller, recommendation))


@router.post(PLACE + "/{recommendation}/accept", status_code=201)
async def accept_recommendation(
    recommendation: UUID, caller: Author, service: Service, response: Response
) -> ChangeOut:
    """Make a draft of what is recommended; submit or publish it as any other change."""
    change = await service.accept(caller, recommendation)
    place = f"/api/v1/workspaces/{caller.place.slug}/changes/{change.id}"
    response.headers["Location"] = place
    return ChangeOut.of(change)


@router.post(PLACE + "/{recommendation}/dismiss")
async def dismiss_recommendation(
    recommendation: UUID, body: DismissIn, caller: Author, service: Service
) -> RecommendationOut:
    """Keep that it is not wanted, and why; it is given again only if its facts change."""
    return RecommendationOut.of(await service.dismiss(caller, recommendation, body.reason))
