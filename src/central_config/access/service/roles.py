"""Roles and the catalogue of permissions."""

import re
from collections.abc import Collection

import msgspec

from central_config.access.model import PERMISSIONS, Caller, Role
from central_config.access.service.change import Tools
from central_config.access.store import roles
from central_config.access.store.roles import Permission
from central_config.core.ids import new_id
from central_config.core.json import JSON
from central_config.core.problems import FieldError, Problem, invalid

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_HOLDERS_NAMED = 5


class Roles:
    """Creates and changes roles."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def permissions(self) -> list[Permission]:
        """Return all permissions there are."""
        async with self._tools.database.connect() as connection:
            return await roles.permissions(connection)

    async def page(self, after: str, limit: int) -> list[Role]:
        """Return roles by name, after the name given ("" for the beginning)."""
        async with self._tools.database.connect() as connection:
            return await roles.page(connection, after, limit)

    async def get(self, name: str) -> Role:
        """Return a role.

        Raises:
            Problem: `not-found`.
        """
        async with self._tools.database.connect() as connection:
            return _present(await roles.find(connection, name), name)

    async def create(
        self, caller: Caller, name: str, description: str, permissions: Collection[str]
    ) -> Role:
        """Create a role.

        Raises:
            Problem: `already-exists`; `invalid-request`; `permission-denied` when it would allow
                what the caller may not do everywhere.
        """
        if not _NAME.fullmatch(name):
            raise invalid(
                "/name",
                "a role's name has 1 to 64 characters of a-z 0-9 . _ - without a leading dot",
            )
        _check_permissions(permissions)
        _check_held(caller, permissions)
        role = Role(new_id(), name, description, built_in=False, permissions=frozenset(permissions))
        async with self._tools.change() as change:
            if not await roles.insert(change.connection, role):
                raise Problem("already-exists", f"there is a role {name} already")
            change.record("role.created", f"role:{name}", caller, _described(role))
        return role

    async def replace(
        self, caller: Caller, name: str, description: str, permissions: Collection[str]
    ) -> Role:
        """Give a role another description and other permissions, for all who have it.

        Raises:
            Problem: `not-found`; `wrong-state` for a built-in role; `permission-denied` when what
                is added or taken is not the caller's own everywhere.
        """
        _check_permissions(permissions)
        async with self._tools.change() as change:
            before = _present(await roles.find(change.connection, name, lock=True), name)
            _refuse_built_in(before)
            _check_held(caller, before.permissions ^ frozenset(permissions))
            after = msgspec.structs.replace(
                before, description=description, permissions=frozenset(permissions)
            )
            if after != before:
                await roles.update(change.connection, after)
                details = {"before": _described(before), "after": _described(after)}
                change.record("role.updated", f"role:{name}", caller, details)
                change.announce(f"role:{before.id}")
        return after

    async def delete(self, caller: Caller, name: str) -> None:
        """Delete a role that nobody has.

        Raises:
            Problem: `not-found`; `wrong-state` for a built-in role; `in-use`.
        """
        async with self._tools.change() as change:
            role = _present(await roles.find(change.connection, name, lock=True), name)
            _refuse_built_in(role)
            holders = await roles.holders(change.connection, role, _HOLDERS_NAMED)
            if holders:
                raise Problem("in-use", f"users have this role, among them {', '.join(holders)}")
            await roles.delete(change.connection, role)
            change.record("role.deleted", f"role:{name}", caller, _described(role))


def _present(role: Role | None, name: str) -> Role:
    if role is None:
        raise Problem("not-found", f"there is no role {name[:64]}")
    return role


def _refuse_built_in(role: Role) -> None:
    if role.built_in:
        raise Problem("wrong-state", f"{role.name} is built in; make a role of your own from it")


def _check_permissions(permissions: Collection[str]) -> None:
    errors = [
        FieldError(f"/permissions/{index}", f"there is no permission {name}")
        for index, name in enumerate(permissions)
        if name not in PERMISSIONS
    ]
    if errors:
        raise Problem("invalid-request", "the role names unknown permissions", errors=errors)


def _check_held(caller: Caller, permissions: Collection[str]) -> None:
    missing = caller.principal.lacks(permissions, None)
    if missing:
        raise Problem(
            "permission-denied",
            f"a role gives or takes only what you hold everywhere; you lack {', '.join(missing)}",
        )


def _described(role: Role) -> dict[str, JSON]:
    return {"description": role.description, "permissions": [*sorted(role.permissions)]}
