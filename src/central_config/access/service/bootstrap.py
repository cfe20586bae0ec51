"""What every start makes sure of: the catalogue is up to date and somebody can sign in."""

from typing import NamedTuple

from central_config.access.model import (
    ADMIN_ROLE,
    BUILT_IN_ROLES,
    PERMISSIONS,
    SYSTEM_CALLER,
    Account,
    Role,
    RoleGrant,
)
from central_config.access.service.change import Change, Tools
from central_config.access.service.passwords import Passwords, check_acceptable, generate_password
from central_config.access.store import roles, users
from central_config.core.ids import new_id


class FirstAdmin(NamedTuple):
    """The administrator that was created; `password` is None when the settings gave it."""

    username: str
    password: str | None


async def bootstrap(tools: Tools, passwords: Passwords) -> FirstAdmin | None:
    """Bring permissions and built-in roles up to date; create the first administrator.

    Any number of processes may do this at the same time. Returns None when there were users.

    Raises:
        Problem: `invalid-request` when ADMIN_PASSWORD is not acceptable.
    """
    async with tools.change() as change:
        await roles.lock_catalogue(change.connection)
        await _synchronise(change)
        if await users.any_user(change.connection):
            return None
        return await _create_admin(change, tools, passwords)


async def _synchronise(change: Change) -> None:
    changed = await roles.replace_permissions(change.connection, PERMISSIONS)
    present = await roles.by_names(change.connection, BUILT_IN_ROLES)
    for name, (description, allowed) in BUILT_IN_ROLES.items():
        before = present.get(name)
        if before is None:
            role = Role(new_id(), name, description, built_in=True, permissions=allowed)
            await roles.insert(change.connection, role)
        else:
            role = Role(before.id, name, description, built_in=True, permissions=allowed)
            if role == before:
                continue
            await roles.update(change.connection, role)
        changed = True
        change.announce(f"role:{role.id}")
    if changed:
        names = {"roles": ", ".join(BUILT_IN_ROLES), "permissions": ", ".join(PERMISSIONS)}
        change.record("catalogue.updated", "roles", SYSTEM_CALLER, names)


async def _create_admin(change: Change, tools: Tools, passwords: Passwords) -> FirstAdmin:
    given = tools.settings.admin_password
    username = tools.settings.admin_username.strip().lower()
    generated = generate_password() if given is None else None
    password = generated if given is None else given.get_secret_value()
    check_acceptable(password or "", username, pointer="ADMIN_PASSWORD")
    account = Account(
        id=new_id(),
        username=username,
        email=f"{username}@localhost",
        display_name="Administrator",
        active=True,
        must_change_password=generated is not None,
        created_at=tools.clock.now(),
    )
    await users.insert(change.connection, account, await passwords.hash(password or ""))
    await users.replace_roles(change.connection, account.id, [RoleGrant(ADMIN_ROLE)])
    details = {"role": ADMIN_ROLE, "must_change_password": account.must_change_password}
    change.record("user.created", f"user:{username}", SYSTEM_CALLER, details)
    return FirstAdmin(username, generated)
