"""SQL of roles and the catalogue of permissions."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Row, text

from central_config.access.model import Role
from central_config.core.db import Connection
from central_config.core.ids import new_id

# Any number will do, as long as nothing else of this service uses it.
_CATALOGUE_LOCK = 0x63635F61636373

_SELECT = """
    SELECT r.id, r.name, r.description, r.built_in,
           coalesce(array_agg(p.name) FILTER (WHERE p.name IS NOT NULL), '{}') AS permissions
    FROM roles r
    LEFT JOIN role_permissions rp ON rp.role_id = r.id
    LEFT JOIN permissions p ON p.id = rp.permission_id
"""
_BY_NAMES = text(f"{_SELECT} WHERE r.name = ANY(CAST(:names AS text[])) GROUP BY r.id")
_PAGE = text(f"{_SELECT} WHERE r.name > :after GROUP BY r.id ORDER BY r.name LIMIT :limit")
_LOCK = text("SELECT id FROM roles WHERE name = :name FOR UPDATE")
_INSERT = text("""
    INSERT INTO roles (id, name, description, built_in)
    VALUES (:id, :name, :description, :built_in)
    ON CONFLICT (name) DO NOTHING RETURNING id
""")
_UPDATE = text("UPDATE roles SET description = :description, built_in = :built_in WHERE id = :id")
_DELETE = text("DELETE FROM roles WHERE id = :id")
_DROP_PERMISSIONS = text("DELETE FROM role_permissions WHERE role_id = :id")
_ADD_PERMISSIONS = text("""
    INSERT INTO role_permissions (role_id, permission_id)
    SELECT :id, p.id FROM permissions p WHERE p.name = ANY(CAST(:names AS text[]))
""")
_HOLDERS = text("""
    SELECT DISTINCT u.username FROM user_roles ur JOIN cc_user u ON u.id = ur.user_id
    WHERE ur.role_id = :id ORDER BY u.username LIMIT :limit
""")
_PERMISSIONS = text("SELECT name, description FROM permissions ORDER BY name")
_ADVISORY_LOCK = text("SELECT pg_advisory_xact_lock(:number)")
_UPSERT_PERMISSION = text("""
    INSERT INTO permissions (id, name, description) VALUES (:id, :name, :description)
    ON CONFLICT (name) DO UPDATE SET description = excluded.description
""")
_DROP_OBSOLETE = text("DELETE FROM permissions WHERE name <> ALL(CAST(:names AS text[]))")


class Permission(NamedTuple):
    """One entry of the catalogue."""

    name: str
    description: str


def _role(row: Row[Any]) -> Role:
    return Role(row.id, row.name, row.description, row.built_in, frozenset(row.permissions))


async def by_names(connection: Connection, names: Collection[str]) -> dict[str, Role]:
    """Return the roles of those names that exist."""
    rows = await connection.execute(_BY_NAMES, {"names": list(names)})
    return {row.name: _role(row) for row in rows}


async def find(connection: Connection, name: str, *, lock: bool = False) -> Role | None:
    """Return the role of that name; with `lock`, held until the transaction ends."""
    if lock:
        await connection.execute(_LOCK, {"name": name})
    return (await by_names(connection, [name])).get(name)


async def page(connection: Connection, after: str, limit: int) -> list[Role]:
    """Return roles by name, after the name given."""
    rows = await connection.execute(_PAGE, {"after": after, "limit": limit})
    return [_role(row) for row in rows]


async def insert(connection: Connection, role: Role) -> bool:
    """Insert a role with its permissions; False when the name is taken."""
    values = {
        "id": role.id,
        "name": role.name,
        "description": role.description,
        "built_in": role.built_in,
    }
    if (await connection.execute(_INSERT, values)).one_or_none() is None:
        return False
    await _set_permissions(connection, role)
    return True


async def update(connection: Connection, role: Role) -> None:
    """Write a role's description and permissions."""
    values = {"id": role.id, "description": role.description, "built_in": role.built_in}
    await connection.execute(_UPDATE, values)
    await connection.execute(_DROP_PERMISSIONS, {"id": role.id})
    await _set_permissions(connection, role)


async def _set_permissions(connection: Connection, role: Role) -> None:
    values = {"id": role.id, "names": sorted(role.permissions)}
    await connection.execute(_ADD_PERMISSIONS, values)


async def delete(connection: Connection, role: Role) -> None:
    """Delete a role that nobody has."""
    await connection.execute(_DELETE, {"id": role.id})


async def holders(connection: Connection, role: Role, limit: int) -> list[str]:
    """Return the names of some users who have the role."""
    rows = await connection.execute(_HOLDERS, {"id": role.id, "limit": limit})
    return [row.username for row in rows]


async def permissions(connection: Connection) -> list[Permission]:
    """Return the catalogue as the database has it."""
    rows = await connection.execute(_PERMISSIONS)
    return [Permission(row.name, row.description) for row in rows]


async def lock_catalogue(connection: Connection) -> None:
    """Let only one process at a time bring the catalogue up to date."""
    await connection.execute(_ADVISORY_LOCK, {"number": _CATALOGUE_LOCK})


async def replace_permissions(connection: Connection, catalogue: Mapping[str, str]) -> bool:
    """Make the table equal to the catalogue; tell whether anything had to change."""
    present = {entry.name: entry.description for entry in await permissions(connection)}
    if present == dict(catalogue):
        return False
    rows = [
        {"id": new_id(), "name": name, "description": description}
        for name, description in catalogue.items()
    ]
    await connection.execute(_UPSERT_PERMISSION, rows)
    await connection.execute(_DROP_OBSOLETE, {"names": list(catalogue)})
    return True
