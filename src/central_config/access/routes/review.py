"""The access review."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from central_config.access.model import Caller
from central_config.access.routes.shared import Access, slugs_of
from central_config.access.wire.review import DecisionsBody, RecordedAnswer, ReviewAnswer
from central_config.core.web import requires

router = APIRouter(tags=["Users"])

Reader = Annotated[Caller, requires("user.read")]
Manager = Annotated[Caller, requires("user.manage")]
Days = Annotated[int, Query(ge=0, le=36_500)]


@router.get("/access/review", summary="Review who may do what")
async def review_access(
    _caller: Reader, access: Access, inactive_days: Days = 90, key_days: Days = 180
) -> ReviewAnswer:
    """Return every user with what they may do, and what stands out among users, keys and roles.

    `inactive_days`: a user or a key not used for so long stands out. `key_days`: a key that old.
    """
    found = await access.reviews.gather(
        inactive=timedelta(days=inactive_days), old_key=timedelta(days=key_days)
    )
    places = {grant.workspace_id for account in found.accounts for grant in account.roles}
    places |= {finding.workspace_id for finding in found.findings}
    return ReviewAnswer.of(found, await slugs_of(access, places))


@router.post("/access/reviews", status_code=201, summary="Record a review's decisions")
async def record_review(body: DecisionsBody, caller: Manager, access: Access) -> RecordedAnswer:
    """Write each decision to the audit log; it changes nobody's access by itself."""
    await access.reviews.record(caller, body.given())
    return RecordedAnswer(recorded=len(body.decisions))
