"""The databases of one server, seen from its maintenance database: made, closed, exchanged."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, cast

import asyncpg
from typing_extensions import override

from central_config.backups.model.errors import BackupFailedError
from central_config.backups.store.facts import session

# How long a session that was told to end may take (milliseconds), and how often all are told:
# some clients come back in between.
_END_WITHIN_MS = 2_000
_ROUNDS = 5
_BUILTIN_LOCALE_SINCE = 170_000
_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
# Lists that are stored as they have to be written; every other value is one literal.
_LISTS = {
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
}

_PROPERTIES = """
    SELECT d.oid, pg_get_userbyid(d.datdba) AS owner, pg_encoding_to_char(d.encoding) AS encoding,
           d.datlocprovider::text AS provider, d.datcollate, d.datctype, d.datconnlimit,
           coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS locale,
           d.datacl IS NOT NULL AS granted
    FROM pg_database AS d WHERE d.datname = $1
"""
_SETTINGS = """
    SELECT CASE WHEN s.setrole = 0 THEN NULL ELSE s.setrole::regrole::text END AS role,
           unnest(s.setconfig) AS setting
    FROM pg_db_role_setting AS s WHERE s.setdatabase = $1 ORDER BY 1 NULLS FIRST, 2
"""
_GRANTS = """
    SELECT CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END AS role,
           g.privilege_type AS privilege, g.is_grantable AS grantable
    FROM pg_database AS d CROSS JOIN aclexplode(d.datacl) AS g WHERE d.oid = $1 ORDER BY 1, 2
"""
_SESSIONS = """
    SELECT pid, coalesce(usename, '') AS role, coalesce(application_name, '') AS application,
           coalesce(host(client_addr), 'this machine') AS client
    FROM pg_stat_activity
    WHERE datname = $1 AND pid <> ALL($2::int[]) AND backend_type = 'client backend'
    ORDER BY pid
"""
_SIZE = "SELECT pg_database_size(oid) FROM pg_database WHERE datname = $1"


class Session(NamedTuple):
    """Somebody who is connected."""

    pid: int
    role: str
    application: str
    client: str

    @override
    def __str__(self) -> str:
        what = f" ({self.application})" if self.application else ""
        return f"{self.role}{what} from {self.client}, process {self.pid}"


class Properties(NamedTuple):
    """What a database is besides what is in it. `keeps` are statements that make it so."""

    owner: str
    form: str
    keeps: Sequence[str]


class Databases:
    """The databases of one server."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - asyncpg is untyped
        self._connection = connection

    async def may_create(self) -> bool:
        """Tell whether we may create databases."""
        found = await self._connection.fetchval(
            "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
        )
        return bool(found)

    async def alone(self, name: str) -> bool:
        """Keep everybody else from restoring `name` while this session lasts; False: somebody does.

        Should we die the session ends, and with it this.
        """
        statement = "SELECT pg_try_advisory_lock(1667461747, hashtext($1))"
        return bool(await self._connection.fetchval(statement, name))

    async def is_closed(self, name: str) -> bool:
        """Tell whether a database is there and lets nobody in."""
        statement = "SELECT NOT datallowconn FROM pg_database WHERE datname = $1"
        return bool(await self._connection.fetchval(statement, name))

    async def version(self) -> int:
        """Return `server_version_num`."""
        return int(await self._connection.fetchval("SHOW server_version_num"))

    async def names(self, beginning: str) -> list[str]:
        """Return the names of databases that begin so, in their order."""
        rows = await self._connection.fetch(
            "SELECT datname FROM pg_database WHERE starts_with(datname, $1) ORDER BY 1", beginning
        )
        return [row["datname"] for row in rows]

    async def size(self, name: str) -> int:
        """Return the bytes a database takes."""
        return int(await self._connection.fetchval(_SIZE, name) or 0)

    async def number(self, name: str) -> int | None:
        """Return what a database is known by, whatever its name is."""
        statement = "SELECT oid::bigint FROM pg_database WHERE datname = $1"
        return cast("int | None", await self._connection.fetchval(statement, name))

    async def roles(self, names: Sequence[str]) -> set[str]:
        """Return those of some roles that exist here."""
        rows = await self._connection.fetch(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY($1::text[])", list(names)
        )
        return {row["rolname"] for row in rows}

    async def properties(self, name: str) -> Properties | None:
        """Return what a database is; None where there is none of that name."""
        row = await self._connection.fetchrow(_PROPERTIES, name)
        if row is None:
            return None
        target = _quoted(_TARGET)
        keeps = [f"ALTER DATABASE {target} CONNECTION LIMIT {row['datconnlimit']}"]
        for role, setting in await self._connection.fetch(_SETTINGS, row["oid"]):
            keeps.append(_setting(role, setting))
        if row["granted"]:
            keeps.append(f"REVOKE ALL ON DATABASE {target} FROM PUBLIC")
            for role, privilege, grantable in await self._connection.fetch(_GRANTS, row["oid"]):
                option = " WITH GRANT OPTION" if grantable and role != row["owner"] else ""
                keeps.append(f"GRANT {privilege} ON DATABASE {target} TO {role}{option}")
        return Properties(row["owner"], _form(row, await self.version()), keeps)

    async def create(self, name: str, like: Properties | None, owner: str | None = None) -> None:
        """Create an empty database like another, or (None) one of `owner` or of ours."""
        form = "" if owner is None else f" OWNER {_quoted(owner)}"
        if like is not None:
            form = f" OWNER {_quoted(like.owner)} {like.form}"
        await self._connection.execute(f"CREATE DATABASE {_quoted(name)} TEMPLATE template0{form}")

    async def apply(self, name: str, like: Properties, called: str) -> list[str]:
        """Give a database the settings and grants of another.

        Returns what was not allowed, as statements for the database once it is `called` so.
        """
        refused: list[str] = []
        for statement in like.keeps:
            try:
                await self._connection.execute(_about(statement, name))
            except asyncpg.PostgresError:
                refused.append(_about(statement, called))
        return refused

    async def drop(self, name: str) -> None:
        """Drop a database if it is there, whoever of ours is connected."""
        drop = f"DROP DATABASE IF EXISTS {_quoted(name)}"
        try:
            await self._connection.execute(f"{drop} WITH (FORCE)")
        except asyncpg.InsufficientPrivilegeError:
            # FORCE asks for the right to end every session, the server's own cleaner's too, which
            # a plain role never has; without it the server sends that one away by itself.
            await self.cut(name)
            await self._connection.execute(drop)

    async def close(self, name: str) -> None:
        """Let nobody connect to a database any more; who is connected stays."""
        await self._connection.execute(
            f"ALTER DATABASE {_quoted(name)} WITH ALLOW_CONNECTIONS false"
        )

    async def open(self, name: str) -> None:
        """Let everybody connect to a database again who may."""
        await self._connection.execute(
            f"ALTER DATABASE {_quoted(name)} WITH ALLOW_CONNECTIONS true"
        )

    async def cut(self, name: str, but: Sequence[int] = ()) -> list[Session]:
        """End every session with a database; return those that are left."""
        left: list[Session] = []
        for _ in range(_ROUNDS):
            rows = await self._connection.fetch(_SESSIONS, name, list(but))
            left = [Session(*row) for row in rows]
            if not left:
                return []
            refused = [each for each in left if not await self._end(each.pid)]
            if len(refused) == len(left):
                return left
            await asyncio.sleep(0.05)
        return left

    async def exchange(self, live: str, aside: str, new: str) -> None:
        """Give `live` the name `aside` and `new` the name of `live`, both or neither.

        Raises:
            BackupFailedError: somebody is connected to one of them, or it is not ours.
        """
        try:
            async with self._connection.transaction():
                await self._rename(live, aside)
                await self._rename(new, live)
        except asyncpg.PostgresError as problem:
            raise BackupFailedError(f"the databases cannot be renamed: {problem}") from problem

    async def rename(self, name: str, to: str) -> None:
        """Rename a database nobody is connected to.

        Raises:
            BackupFailedError: somebody is, or it is not ours.
        """
        try:
            await self._rename(name, to)
        except asyncpg.PostgresError as problem:
            raise BackupFailedError(f"{name} cannot be renamed: {problem}") from problem

    async def _rename(self, name: str, to: str) -> None:
        await self._connection.execute(f"ALTER DATABASE {_quoted(name)} RENAME TO {_quoted(to)}")

    async def _end(self, pid: int) -> bool:
        try:
            # True also when it is gone already; false when it did not end in time.
            await self._connection.fetchval(
                "SELECT pg_terminate_backend($1, $2)", pid, _END_WITHIN_MS
            )
        except asyncpg.InsufficientPrivilegeError:
            return False
        return True


@asynccontextmanager
async def databases_of(maintenance_url: str) -> AsyncGenerator[Databases]:
    """Look after the databases of a server until the block ends."""
    async with session(maintenance_url) as connection:
        yield Databases(connection)


# Stands for the database's name in statements that are kept for another one.
_TARGET = "central_config:target"


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _about(statement: str, name: str) -> str:
    return statement.replace(_quoted(_TARGET), _quoted(name))


def _literal(value: str) -> str:
    doubled = value.replace("'", "''").replace("\\", "\\\\")
    return f" E'{doubled}'" if "\\" in value else f"'{doubled}'"


def _setting(role: str | None, setting: str) -> str:
    name, _, value = setting.partition("=")
    target = f"DATABASE {_quoted(_TARGET)}"
    whose = target if role is None else f"ROLE {role} IN {target}"
    return f"ALTER {whose} SET {name} TO {value if name in _LISTS else _literal(value)}"


def _form(row: Any, version: int) -> str:  # noqa: ANN401 - asyncpg is untyped
    parts = [
        f"ENCODING {_literal(row['encoding'])}",
        f"LOCALE_PROVIDER {_PROVIDERS[row['provider']]}",
        f"LC_COLLATE {_literal(row['datcollate'])}",
        f"LC_CTYPE {_literal(row['datctype'])}",
    ]
    if row["locale"] is not None:
        builtin = row["provider"] == "b" and version >= _BUILTIN_LOCALE_SINCE
        parts.append(f"{'BUILTIN_LOCALE' if builtin else 'ICU_LOCALE'} {_literal(row['locale'])}")
    return " ".join(parts)
