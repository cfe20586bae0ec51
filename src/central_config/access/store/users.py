"""SQL of users and the roles they have."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Row, text

from central_config.access.model import ADMIN_ROLE, Account, RoleGrant
from central_config.core.db import Connection

_COLUMNS = "id, username, email, display_name, active, must_change_password, created_at, last_login"

_BY_NAME = text(f"SELECT {_COLUMNS}, password_hash FROM cc_user WHERE username = :username")  # noqa: S608
_BY_NAME_LOCKED = text(f"{_BY_NAME.text} FOR UPDATE")
_PAGE = text(
    f"SELECT {_COLUMNS} FROM cc_user WHERE username > :after ORDER BY username LIMIT :limit"  # noqa: S608
)
_INSERT = text("""
    INSERT INTO cc_user (id, username, email, display_name, password_hash, active,
                         must_change_password, created_at)
    VALUES (:id, :username, :email, :display_name, :password_hash, :active,
            :must_change_password, :created_at)
    ON CONFLICT (username) DO NOTHING RETURNING id
""")
_UPDATE = text("""
    UPDATE cc_user SET email = :email, display_name = :display_name, active = :active,
                       must_change_password = :must_change_password
    WHERE id = :id
""")
_SET_PASSWORD = text("""
    UPDATE cc_user SET password_hash = :password_hash, must_change_password = :must_change_password
    WHERE id = :id
""")
_NOTE_LOGIN = text("""
    UPDATE cc_user SET last_login = :moment, password_hash = coalesce(:rehashed, password_hash)
    WHERE id = :id AND active AND password_hash = :verified RETURNING id
""")
_ROLES = text("""
    SELECT ur.user_id, r.name, ur.workspace_id FROM user_roles ur JOIN roles r ON r.id = ur.role_id
    WHERE ur.user_id = ANY(CAST(:ids AS uuid[])) ORDER BY r.name, ur.workspace_id NULLS FIRST
""")
_DROP_ROLES = text("DELETE FROM user_roles WHERE user_id = :id")
_ADD_ROLES = text("""
    INSERT INTO user_roles (user_id, role_id, workspace_id)
    SELECT :id, r.id, given.workspace_id
    FROM unnest(CAST(:names AS text[]), CAST(:places AS uuid[])) AS given (name, workspace_id)
    JOIN roles r ON r.name = given.name
""")
_GRANTS = text("""
    SELECT DISTINCT ur.user_id, ur.workspace_id, p.name
    FROM user_roles ur
    JOIN role_permissions rp ON rp.role_id = ur.role_id
    JOIN permissions p ON p.id = rp.permission_id
    WHERE ur.user_id = ANY(CAST(:ids AS uuid[]))
""")
_LOCK_ADMIN_ROLE = text("SELECT id FROM roles WHERE name = :name FOR UPDATE")
_OTHER_ADMINS = text("""
    SELECT count(*) FROM cc_user u JOIN user_roles ur ON ur.user_id = u.id
    JOIN roles r ON r.id = ur.role_id
    WHERE r.name = :name AND ur.workspace_id IS NULL AND u.active AND u.id <> :id
""")
_ANY = text("SELECT EXISTS (SELECT 1 FROM cc_user)")


class StoredUser(NamedTuple):
    """A user with the hash of the password."""

    account: Account
    password_hash: str


def _account(row: Row[Any], grants: Sequence[RoleGrant]) -> Account:
    return Account(
        id=row.id,
        username=row.username,
        email=row.email,
        display_name=row.display_name,
        active=row.active,
        must_change_password=row.must_change_password,
        created_at=row.created_at,
        last_login=row.last_login,
        roles=tuple(grants),
    )


async def _roles_of(
    connection: Connection, ids: Collection[UUID]
) -> Mapping[UUID, list[RoleGrant]]:
    found: defaultdict[UUID, list[RoleGrant]] = defaultdict(list)
    for row in await connection.execute(_ROLES, {"ids": list(ids)}):
        found[row.user_id].append(RoleGrant(row.name, row.workspace_id))
    return found


async def find(connection: Connection, username: str, *, lock: bool = False) -> StoredUser | None:
    """Return the user of that name (lower case); with `lock`, held until the transaction ends."""
    query = _BY_NAME_LOCKED if lock else _BY_NAME
    row = (await connection.execute(query, {"username": username})).one_or_none()
    if row is None:
        return None
    grants = await _roles_of(connection, [row.id])
    return StoredUser(_account(row, grants.get(row.id, [])), row.password_hash)


async def page(connection: Connection, after: str, limit: int) -> list[Account]:
    """Return users by name, after the name given."""
    rows = (await connection.execute(_PAGE, {"after": after, "limit": limit})).all()
    grants = await _roles_of(connection, [row.id for row in rows])
    return [_account(row, grants.get(row.id, [])) for row in rows]


async def insert(connection: Connection, account: Account, password_hash: str) -> bool:
    """Insert a user, without roles; False when the name is taken."""
    values = {**msgspec.structs.asdict(account), "password_hash": password_hash}
    return (await connection.execute(_INSERT, values)).one_or_none() is not None


async def update(connection: Connection, account: Account) -> None:
    """Write what an administrator can change of a user."""
    await connection.execute(_UPDATE, msgspec.structs.asdict(account))


async def set_password(
    connection: Connection, user_id: UUID, password_hash: str, *, must_change: bool
) -> None:
    """Write a new password's hash."""
    values = {"id": user_id, "password_hash": password_hash, "must_change_password": must_change}
    await connection.execute(_SET_PASSWORD, values)


async def note_login(
    connection: Connection, user: StoredUser, moment: datetime, rehashed: str | None
) -> bool:
    """Write a sign-in; False when the user was deactivated or got a new password meanwhile."""
    values = {
        "id": user.account.id,
        "moment": moment,
        "verified": user.password_hash,
        "rehashed": rehashed,
    }
    return (await connection.execute(_NOTE_LOGIN, values)).one_or_none() is not None


async def replace_roles(
    connection: Connection, user_id: UUID, grants: Collection[RoleGrant]
) -> None:
    """Make these the user's roles; all of them are known to exist."""
    await connection.execute(_DROP_ROLES, {"id": user_id})
    await connection.execute(
        _ADD_ROLES,
        {
            "id": user_id,
            "names": [grant.role for grant in grants],
            "places": [grant.workspace_id for grant in grants],
        },
    )


async def grants(
    connection: Connection, ids: Collection[UUID]
) -> Mapping[UUID, Mapping[UUID | None, frozenset[str]]]:
    """Return each user's permissions by workspace (None: everywhere)."""
    found: defaultdict[UUID, defaultdict[UUID | None, set[str]]]
    found = defaultdict(lambda: defaultdict(set))
    for row in await connection.execute(_GRANTS, {"ids": list(ids)}):
        found[row.user_id][row.workspace_id].add(row.name)
    return {
        user: {place: frozenset(names) for place, names in places.items()}
        for user, places in found.items()
    }


async def lock_admins(connection: Connection) -> None:
    """Let only one transaction at a time take administrators away; comes before other locks."""
    await connection.execute(_LOCK_ADMIN_ROLE, {"name": ADMIN_ROLE})


async def has_other_admin(connection: Connection, user_id: UUID) -> bool:
    """Tell whether another active user has the administrator's role everywhere."""
    values = {"name": ADMIN_ROLE, "id": user_id}
    return (await connection.execute(_OTHER_ADMINS, values)).scalar_one() > 0


async def any_user(connection: Connection) -> bool:
    """Tell whether there is a user at all."""
    return bool((await connection.execute(_ANY)).scalar_one())
