"""Users and the roles they have.

Nobody gives or takes what they do not hold themselves: otherwise whoever may manage users could
make themselves, or somebody whose password they set, an administrator.
"""

import re
from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from central_config.access.model import ADMIN_ROLE, Account, Caller, Role, RoleGrant
from central_config.access.service.change import Change, Tools
from central_config.access.service.passwords import Passwords, check_acceptable, generate_password
from central_config.access.store import roles, sessions, users
from central_config.core.db import Connection
from central_config.core.ids import new_id
from central_config.core.json import JSON
from central_config.core.problems import Problem, invalid

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
# Only what certainly is no address is refused; whether mail arrives is found out by sending some.
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class NewUser(msgspec.Struct, frozen=True):
    """A user to create; without a password one is made up and must be changed."""

    username: str
    email: str
    display_name: str = ""
    password: str | None = None


class UserPatch(msgspec.Struct, frozen=True):
    """What to change of a user; None leaves it as it is."""

    email: str | None = None
    display_name: str | None = None
    active: bool | None = None
    password: str | None = None


class Users:
    """Creates and changes users."""

    def __init__(self, tools: Tools, passwords: Passwords) -> None:
        self._tools = tools
        self._passwords = passwords

    async def page(self, after: str, limit: int) -> list[Account]:
        """Return users by name, after the name given ("" for the beginning)."""
        async with self._tools.database.connect() as connection:
            return await users.page(connection, after, limit)

    async def get(self, username: str) -> Account:
        """Return a user.

        Raises:
            Problem: `not-found`.
        """
        async with self._tools.database.connect() as connection:
            stored = await users.find(connection, username.lower())
        return _present(stored, username).account

    async def create(self, caller: Caller, new: NewUser) -> tuple[Account, str | None]:
        """Create a user without roles; return it, and the password if one was made up.

        Raises:
            Problem: `already-exists`; `invalid-request`.
        """
        generated = generate_password() if new.password is None else None
        password = generated or new.password or ""
        account = Account(
            id=new_id(),
            username=new.username.strip().lower(),
            email=new.email.strip(),
            display_name=new.display_name.strip(),
            active=True,
            must_change_password=generated is not None,
            created_at=self._tools.clock.now(),
        )
        _check(account)
        check_acceptable(password, account.username, pointer="/password")
        hashed = await self._passwords.hash(password)
        async with self._tools.change() as change:
            if not await users.insert(change.connection, account, hashed):
                raise Problem("already-exists", f"there is a user {account.username} already")
            details: dict[str, JSON] = {
                "email": account.email,
                "display_name": account.display_name,
                "must_change_password": account.must_change_password,
            }
            change.record("user.created", f"user:{account.username}", caller, details)
        return account, generated

    async def update(self, caller: Caller, username: str, patch: UserPatch) -> Account:
        """Change a user. A new password must be changed at once and ends the user's sessions.

        Raises:
            Problem: `not-found`; `permission-denied` when the user may do more than the caller;
                `in-use` for the last administrator; `wrong-state` for the caller's own password.
        """
        if patch.password is not None:
            if username.lower() == caller.principal.name and caller.principal.kind == "user":
                raise Problem("wrong-state", "change your own password with the one you have")
            check_acceptable(patch.password, username.lower(), pointer="/password")
            hashed = await self._passwords.hash(patch.password)
        else:
            hashed = None
        async with self._tools.change() as change:
            before = await self._hold(change.connection, caller, username, patch)
            after = _patched(before, patch)
            _check(after)
            await users.update(change.connection, after)
            if hashed is not None:
                await users.set_password(change.connection, after.id, hashed, must_change=True)
            if hashed is not None or not after.active:
                await sessions.end_all(change.connection, after.id)
            self._note_update(change, caller, before, after, password_set=hashed is not None)
        return after

    async def deactivate(self, caller: Caller, username: str) -> None:
        """End a user's sessions and let them sign in no more. The name stays taken.

        Raises:
            Problem: as `update`.
        """
        await self.update(caller, username, UserPatch(active=False))

    async def set_roles(
        self, caller: Caller, username: str, grants: Sequence[RoleGrant]
    ) -> Account:
        """Make these the user's roles, in all workspaces where the caller manages users.

        What the user has elsewhere is left as it is.

        Raises:
            Problem: `not-found`; `invalid-request` for an unknown role; `permission-denied` when
                a role given or taken allows what the caller may not; `in-use` when the last
                administrator would lose that role.
        """
        managed = caller.principal.places("user.manage")
        if managed is not None and not managed:
            raise Problem("permission-denied", "this needs the permission user.manage")
        async with self._tools.change() as change:
            await users.lock_admins(change.connection)
            stored = await users.find(change.connection, username.lower(), lock=True)
            account = _present(stored, username).account
            before, after = set(account.roles), set(grants)
            if managed is not None:
                after |= {grant for grant in before if grant.workspace_id not in managed}
            known = await roles.by_names(
                change.connection, {grant.role for grant in before | after}
            )
            _check_known(grants, known)
            _check_held(caller, before ^ after, known)
            loses_admin = RoleGrant(ADMIN_ROLE) in before - after
            if loses_admin and account.active:
                await _keep_an_admin(change.connection, account)
            if before != after:
                await users.replace_roles(change.connection, account.id, after)
                details: dict[str, JSON] = {
                    "given": _described(after - before),
                    "taken": _described(before - after),
                }
                change.record("user.roles-set", f"user:{account.username}", caller, details)
                change.announce(f"user:{account.id}")
        ordered = sorted(after, key=_order)
        shown = [each for each in ordered if managed is None or each.workspace_id in managed]
        return msgspec.structs.replace(account, roles=tuple(shown))

    async def _hold(
        self, connection: Connection, caller: Caller, username: str, patch: UserPatch
    ) -> Account:
        if patch.active is False:
            await users.lock_admins(connection)
        stored = await users.find(connection, username.lower(), lock=True)
        account = _present(stored, username).account
        if account.id != caller.principal.id:
            held = (await users.grants(connection, [account.id])).get(account.id, {})
            for place, permissions in held.items():
                missing = caller.principal.lacks(permissions, place)
                if missing:
                    raise Problem(
                        "permission-denied",
                        f"{account.username} may do what you may not: {', '.join(missing)}",
                    )
        loses = patch.active is False and account.active and RoleGrant(ADMIN_ROLE) in account.roles
        if loses:
            await _keep_an_admin(connection, account)
        return account

    def _note_update(
        self, change: Change, caller: Caller, before: Account, after: Account, *, password_set: bool
    ) -> None:
        target = f"user:{after.username}"
        if before.active != after.active:
            action = "user.activated" if after.active else "user.deactivated"
            change.record(action, target, caller, {})
        changed: dict[str, JSON] = {
            name: [getattr(before, name), getattr(after, name)]
            for name in ("email", "display_name")
            if getattr(before, name) != getattr(after, name)
        }
        if password_set:
            changed["new_password"] = True
        if changed:
            change.record("user.updated", target, caller, changed)
        if password_set or before.active != after.active:
            change.announce(f"user:{after.id}")


def _patched(account: Account, patch: UserPatch) -> Account:
    return msgspec.structs.replace(
        account,
        email=account.email if patch.email is None else patch.email.strip(),
        display_name=(
            account.display_name if patch.display_name is None else patch.display_name.strip()
        ),
        active=account.active if patch.active is None else patch.active,
        must_change_password=account.must_change_password or patch.password is not None,
    )


def _present(stored: users.StoredUser | None, username: str) -> users.StoredUser:
    if stored is None:
        raise Problem("not-found", f"there is no user {username[:64]}")
    return stored


def _check(account: Account) -> None:
    if not _USERNAME.fullmatch(account.username):
        raise invalid(
            "/username",
            "a user name has 1 to 64 characters of a-z 0-9 . _ @ - and begins with a-z or 0-9",
        )
    if not _EMAIL.fullmatch(account.email):
        raise invalid("/email", "this is no mail address")


def _check_known(grants: Sequence[RoleGrant], known: dict[str, Role]) -> None:
    for index, grant in enumerate(grants):
        if grant.role not in known:
            raise invalid(f"/roles/{index}/role", f"there is no role {grant.role}")


def _check_held(caller: Caller, changed: Iterable[RoleGrant], known: dict[str, Role]) -> None:
    for grant in sorted(changed, key=_order):
        needed = known[grant.role].permissions | {"user.manage"}
        missing = caller.principal.lacks(needed, grant.workspace_id)
        if missing:
            where = "in every workspace" if grant.workspace_id is None else "in that workspace"
            raise Problem(
                "permission-denied",
                f"to give or take the role {grant.role} {where} you must hold there what it "
                f"allows; you lack {', '.join(missing)}",
            )


async def _keep_an_admin(connection: Connection, account: Account) -> None:
    if not await users.has_other_admin(connection, account.id):
        raise Problem("in-use", f"{account.username} is the last active administrator")


def _order(grant: RoleGrant) -> tuple[str, UUID]:
    return grant.role, grant.workspace_id or UUID(int=0)


def _described(grants: Iterable[RoleGrant]) -> list[JSON]:
    return [
        {
            "role": grant.role,
            "workspace": None if grant.workspace_id is None else str(grant.workspace_id),
        }
        for grant in sorted(grants, key=_order)
    ]
