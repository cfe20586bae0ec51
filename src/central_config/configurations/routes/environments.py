"""Creating, moving and deleting environments: each of these changes what is served."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from central_config.access.model import Caller
from central_config.configurations.service.topologies import Environments
from central_config.core.web import provided, requires
from central_config.workspaces.model import Environment
from central_config.workspaces.wire import EnvironmentCreate, EnvironmentOut, EnvironmentUpdate

router = APIRouter(tags=["environments"])

Manager = Annotated[Caller, requires("workspace.manage")]
Service = Annotated[Environments, provided(Environments)]


@router.post("/workspaces/{workspace}/environments", status_code=201)
async def create_environment(
    body: EnvironmentCreate, caller: Manager, service: Service, response: Response
) -> EnvironmentOut:
    """Create an environment, empty or inheriting from a parent."""
    wanted = Environment(UUID(int=0), body.slug, None, body.requires_approval, body.description)
    made, revision, topology = await service.create(caller, wanted, body.parent)
    response.headers["Config-Revision"] = str(revision)
    response.headers["Location"] = (
        f"/api/v1/workspaces/{caller.place.slug}/environments/{made.slug}"
    )
    return EnvironmentOut.of(made, topology)


@router.patch("/workspaces/{workspace}/environments/{environment}")
async def update_environment(
    environment: str,
    body: EnvironmentUpdate,
    caller: Manager,
    service: Service,
    response: Response,
) -> EnvironmentOut:
    """Move an environment below another parent, protect it, or describe it."""
    values = {
        name: value
        for name, value in body.model_dump(exclude_unset=True).items()
        if name == "parent" or value is not None
    }
    made, revision, topology = await service.update(caller, environment, values)
    response.headers["Config-Revision"] = str(revision)
    return EnvironmentOut.of(made, topology)


@router.delete("/workspaces/{workspace}/environments/{environment}", status_code=204)
async def delete_environment(environment: str, caller: Manager, service: Service) -> None:
    """Take an environment out of service; its history stays readable before this revision."""
    await service.delete(caller, environment)
