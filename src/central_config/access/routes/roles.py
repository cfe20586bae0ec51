"""Roles and permissions."""

from typing import Annotated

from fastapi import APIRouter

from central_config.access.model import SIGNED_IN, Caller
from central_config.access.routes.shared import Access, name_after, next_name
from central_config.access.wire import (
    NewRoleBody,
    PermissionAnswer,
    PermissionsAnswer,
    RoleAnswer,
    RoleBody,
    RolesAnswer,
)
from central_config.core.web import DEFAULT_LIMIT, Cursor, Limit, requires

router = APIRouter(tags=["Roles"])

# What roles there are is no secret, and whoever manages users of one workspace must know.
Reader = Annotated[Caller, requires(SIGNED_IN)]
Manager = Annotated[Caller, requires("role.manage")]


@router.get("/roles", summary="List roles")
async def list_roles(
    _caller: Reader, access: Access, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> RolesAnswer:
    """Return roles in the order of their names."""
    roles = await access.roles.page(name_after(cursor), limit)
    return RolesAnswer(
        items=[RoleAnswer.of(role) for role in roles],
        next_cursor=next_name([role.name for role in roles], limit),
    )


@router.post("/roles", status_code=201, summary="Create a role")
async def create_role(body: NewRoleBody, caller: Manager, access: Access) -> RoleAnswer:
    """Create a role out of permissions that you hold yourself."""
    role = await access.roles.create(caller, body.name, body.description, body.permissions)
    return RoleAnswer.of(role)


@router.get("/roles/{name}", summary="Read a role")
async def read_role(name: str, _caller: Reader, access: Access) -> RoleAnswer:
    """Return one role."""
    return RoleAnswer.of(await access.roles.get(name))


@router.put("/roles/{name}", summary="Replace a role")
async def replace_role(name: str, body: RoleBody, caller: Manager, access: Access) -> RoleAnswer:
    """Give the role another description and other permissions, for all who have it."""
    role = await access.roles.replace(caller, name, body.description, body.permissions)
    return RoleAnswer.of(role)


@router.delete("/roles/{name}", status_code=204, summary="Delete a role")
async def delete_role(name: str, caller: Manager, access: Access) -> None:
    """Delete a role that nobody has."""
    await access.roles.delete(caller, name)


@router.get("/permissions", summary="List permissions")
async def list_permissions(_caller: Reader, access: Access) -> PermissionsAnswer:
    """Return all permissions and what they allow."""
    entries = await access.roles.permissions()
    return PermissionsAnswer(
        items=[PermissionAnswer(name=each.name, description=each.description) for each in entries]
    )
