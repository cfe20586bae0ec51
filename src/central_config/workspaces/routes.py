"""HTTP routes of workspaces. Environments follow in `configurations.routes`: they change values."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from central_config.access.model import SIGNED_IN, Caller
from central_config.core.problems import Problem
from central_config.core.web import (
    Cursor,
    Limit,
    decode_cursor,
    encode_cursor,
    provided,
    requires,
)
from central_config.workspaces.service import WorkspaceService
from central_config.workspaces.wire import (
    EnvironmentList,
    EnvironmentOut,
    WorkspaceCreate,
    WorkspaceOut,
    WorkspacePage,
    WorkspaceUpdate,
)

router = APIRouter(tags=["workspaces"])

Service = Annotated[WorkspaceService, provided(WorkspaceService)]


@router.get("/workspaces")
async def list_workspaces(
    caller: Annotated[Caller, requires(SIGNED_IN)],
    service: Service,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> WorkspacePage:
    """List the workspaces the caller may see."""
    grants = caller.principal.grants
    only = None if grants.get(None) else [each for each in grants if each is not None]
    position = decode_cursor(cursor, str)
    found = await service.page(only, None if position is None else position[0], limit)
    following = encode_cursor([found[-1].slug]) if len(found) == limit else None
    return WorkspacePage(items=[WorkspaceOut.of(each) for each in found], next_cursor=following)


@router.post("/workspaces", status_code=201)
async def create_workspace(
    body: WorkspaceCreate,
    caller: Annotated[Caller, requires("workspace.manage")],
    service: Service,
    response: Response,
) -> WorkspaceOut:
    """Create an empty workspace."""
    made = await service.create(caller, body.slug, body.name, body.description)
    response.headers["Location"] = f"/api/v1/workspaces/{made.slug}"
    return WorkspaceOut.of(made)


@router.get("/workspaces/{workspace}")
async def get_workspace(
    workspace: str, caller: Annotated[Caller, requires("workspace.read")], service: Service
) -> WorkspaceOut:
    """Show a workspace."""
    found = await service.find(workspace)
    if found is None or found.id != caller.place.id:
        raise Problem("workspace-not-found", f"there is no workspace {workspace!r}")
    return WorkspaceOut.of(found)


@router.patch("/workspaces/{workspace}")
async def update_workspace(
    body: WorkspaceUpdate,
    caller: Annotated[Caller, requires("workspace.manage")],
    service: Service,
) -> WorkspaceOut:
    """Change the name or description of a workspace."""
    values = body.model_dump(exclude_none=True)
    return WorkspaceOut.of(await service.update(caller, values))


@router.delete("/workspaces/{workspace}", status_code=204)
async def delete_workspace(
    request: Request, caller: Annotated[Caller, requires("workspace.manage")], service: Service
) -> None:
    """Take a workspace out of service. Its audit log stays."""
    await service.delete(caller)
    request.app.state.forget_workspace(caller.place.slug)


@router.get("/workspaces/{workspace}/environments")
async def list_environments(
    caller: Annotated[Caller, requires("workspace.read")], service: Service
) -> EnvironmentList:
    """List the environments of a workspace."""
    topology = await service.topology(caller.place.id)
    found = [EnvironmentOut.of(each, topology) for each in topology.by_id.values()]
    return EnvironmentList(items=found)


@router.get("/workspaces/{workspace}/environments/{environment}")
async def get_environment(
    environment: str, caller: Annotated[Caller, requires("workspace.read")], service: Service
) -> EnvironmentOut:
    """Show an environment."""
    topology = await service.topology(caller.place.id)
    return EnvironmentOut.of(topology.find(environment), topology)
