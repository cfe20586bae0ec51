"""Reviews of changes, and the policies they follow."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from central_config.access.model import Caller
from central_config.assistant.routes.switch import ONLY_IF_ENABLED
from central_config.assistant.service.policies import Policies
from central_config.assistant.service.reviewing import Reviewing
from central_config.assistant.wire.reviews import (
    PolicyIn,
    PolicyList,
    PolicyOut,
    ReviewOut,
    RuleChange,
    RuleReviewOut,
)
from central_config.core.web import provided, requires

router = APIRouter(tags=["assistant"], dependencies=ONLY_IF_ENABLED)

Reader = Annotated[Caller, requires("config.read")]
Manager = Annotated[Caller, requires("schema.manage")]
Service = Annotated[Reviewing, provided(Reviewing)]
PolicyService = Annotated[Policies, provided(Policies)]
Name = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._-]+$")]


@router.get("/workspaces/{workspace}/changes/{change}/review")
async def review_change(change: UUID, caller: Reader, service: Service) -> ReviewOut:
    """Say what could be wrong with a change, with evidence; a published one in hindsight.

    Found by code alone, at once. What a model says of it is there after it was asked for.
    """
    return ReviewOut.of(await service.review(caller, change))


@router.post("/workspaces/{workspace}/changes/{change}/review/explain", status_code=202)
async def explain_review(change: UUID, caller: Reader, service: Service) -> ReviewOut:
    """Have the model put a review into words; look at the review again for them."""
    return ReviewOut.of(await service.explain(caller, change))


@router.post("/workspaces/{workspace}/schemas/{name}/review")
async def review_rule(
    name: str, body: RuleChange, caller: Reader, service: Service
) -> RuleReviewOut:
    """Say how a schema rule would be weaker if it were changed so, or deleted. Saves nothing."""
    values = None if body.delete else body.values()
    return RuleReviewOut.of(name, await service.review_rule(caller, name, values))


@router.get("/workspaces/{workspace}/review-policies")
async def list_review_policies(caller: Reader, service: PolicyService) -> PolicyList:
    """List the review policies of a workspace."""
    return PolicyList(items=[PolicyOut.of(each) for each in await service.all(caller)])


@router.put("/workspaces/{workspace}/review-policies/{name}")
async def put_review_policy(
    name: Name, body: PolicyIn, caller: Manager, service: PolicyService
) -> PolicyOut:
    """Keep a review policy: from now on changes of such keys have at least this risk."""
    return PolicyOut.of(await service.put(caller, body.policy(name)))


@router.delete("/workspaces/{workspace}/review-policies/{name}", status_code=204)
async def delete_review_policy(name: Name, caller: Manager, service: PolicyService) -> None:
    """Delete a review policy."""
    await service.delete(caller, name)
