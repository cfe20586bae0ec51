"""Users and their roles."""

from typing import Annotated

from fastapi import APIRouter, Response

from central_config.access.model import SIGNED_IN, Caller, RoleGrant
from central_config.access.routes.shared import Access, account_slugs, name_after, next_name
from central_config.access.wire import (
    NewUserAnswer,
    RolesBody,
    UserAnswer,
    UserBody,
    UserPatchBody,
    UsersAnswer,
)
from central_config.core.web import DEFAULT_LIMIT, Cursor, Limit, requires

router = APIRouter(tags=["Users"])

Reader = Annotated[Caller, requires("user.read")]
Manager = Annotated[Caller, requires("user.manage")]
# Somebody may manage users of one workspace only, and no workspace stands in this path; the
# service looks at every role that is given or taken.
PlaceManager = Annotated[Caller, requires(SIGNED_IN)]


@router.get("/users", summary="List users")
async def list_users(
    _caller: Reader, access: Access, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> UsersAnswer:
    """Return users in the order of their names."""
    accounts = await access.users.page(name_after(cursor), limit)
    slugs = await account_slugs(access, accounts)
    return UsersAnswer(
        items=[UserAnswer.of(account, slugs) for account in accounts],
        next_cursor=next_name([account.username for account in accounts], limit),
    )


@router.post("/users", status_code=201, summary="Create a user")
async def create_user(
    body: UserBody, response: Response, caller: Manager, access: Access
) -> NewUserAnswer:
    """Create a user, who has no roles yet."""
    account, generated = await access.users.create(caller, body.new())
    response.headers["Cache-Control"] = "no-store"
    shown = UserAnswer.of(account, await account_slugs(access, [account]))
    return NewUserAnswer.model_validate({**dict(shown), "initial_password": generated})


@router.get("/users/{username}", summary="Read a user")
async def read_user(username: str, _caller: Reader, access: Access) -> UserAnswer:
    """Return one user."""
    account = await access.users.get(username)
    return UserAnswer.of(account, await account_slugs(access, [account]))


@router.patch("/users/{username}", summary="Change a user")
async def update_user(
    username: str, body: UserPatchBody, caller: Manager, access: Access
) -> UserAnswer:
    """Change what the body names. The user must not be allowed more than you are."""
    account = await access.users.update(caller, username, body.patch())
    return UserAnswer.of(account, await account_slugs(access, [account]))


@router.delete("/users/{username}", status_code=204, summary="Deactivate a user")
async def deactivate_user(username: str, caller: Manager, access: Access) -> None:
    """End the user's sessions and let them sign in no more; the name stays taken."""
    await access.users.deactivate(caller, username)


@router.put("/users/{username}/roles", summary="Set a user's roles")
async def set_roles(
    username: str, body: RolesBody, caller: PlaceManager, access: Access
) -> UserAnswer:
    """Replace the user's roles wherever you manage users; other workspaces are left alone.

    You give and take only what you hold yourself, in the same place.
    """
    grants: list[RoleGrant] = []
    for each in body.roles:
        place = None
        if each.workspace is not None:
            place = (await access.keys.workspace(caller, each.workspace)).id
        grants.append(RoleGrant(each.role, place))
    account = await access.users.set_roles(caller, username, grants)
    return UserAnswer.of(account, await account_slugs(access, [account]))
