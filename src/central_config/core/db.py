"""The way to PostgreSQL: one pool per process, one transaction per request.

Stores take a `Connection` and never open one; services decide where a transaction begins and ends.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy import Engine, MetaData
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from central_config.core.settings import Settings

Connection = AsyncConnection
Database = AsyncEngine

__all__ = [
    "Connection",
    "Database",
    "IntegrityError",
    "connect_arguments",
    "connect_beside",
    "keeps_statements",
    "lost_connection",
    "metadata",
    "open_connection",
    "open_database",
    "pool_use",
    "snapshot_transaction",
    "transaction",
]

# Names of constraints follow one rule, so that a migration can name what it drops.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# asyncpg has no types of its own; this is the one place it is called from.
open_connection: Any = cast("Any", asyncpg).connect

# How to open a further connection like those of a pool.
_openers: WeakKeyDictionary[Engine, Callable[[], Awaitable[Any]]] = WeakKeyDictionary()

# SQLSTATE of a server that cannot serve now: connection exceptions, too many connections, the
# database is being replaced (it is not there, or lets nobody in), operator intervention (stopping,
# starting, recovering after a crash).
_AWAY = ("08", "53300", "3D000", "55000", "57P")
# A statement of ours that runs longer than this is a fault, not a wait (milliseconds).
STATEMENT_TIMEOUT_MS = 60_000
# A transaction that somebody forgot keeps locks and stops vacuum (milliseconds).
IDLE_IN_TRANSACTION_MS = 30_000


def connect_arguments(url: str) -> dict[str, Any]:
    """Return asyncpg's arguments for a libpq address.

    asyncpg reads most of libpq's form itself, but not a unix socket directory in `host=` together
    with an empty authority, which is what the one-machine default uses.
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    if "host" in query and not parts.hostname:
        arguments: dict[str, Any] = {
            "host": query["host"][0],
            "user": unquote(parts.username or "") or query.get("user", [None])[0],
            "password": unquote(parts.password or "") or query.get("password", [None])[0],
            "database": parts.path.lstrip("/") or None,
        }
        if "port" in query:
            arguments["port"] = int(query["port"][0])
        return arguments
    return {"dsn": url.replace("postgresql+asyncpg://", "postgresql://", 1)}


def open_database(url: str, settings: Settings, *, application: str = "central-config") -> Database:
    """Return the pool of this process; nothing connects before the first use."""
    arguments = connect_arguments(url)
    cache = {} if settings.database_statement_cache else {"statement_cache_size": 0}
    server_settings = {
        "application_name": application,
        "statement_timeout": str(STATEMENT_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
        "jit": "off",  # plans of short statements cost more to compile than to run
    }

    async def connect() -> Any:  # noqa: ANN401 - asyncpg is untyped
        return await open_connection(
            **arguments, **cache, server_settings=server_settings, timeout=10
        )

    database = create_async_engine(
        "postgresql+asyncpg://"
        + ("?prepared_statement_cache_size=0" if not settings.database_statement_cache else ""),
        async_creator=connect,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_max_overflow,
        pool_timeout=settings.database_pool_timeout,
        pool_recycle=settings.database_pool_recycle,
        pool_pre_ping=True,
        hide_parameters=True,  # they may be secrets, and errors end in logs
    )
    _openers[database.sync_engine] = connect
    return database


async def connect_beside(database: Database) -> Any:  # noqa: ANN401 - asyncpg is untyped
    """Open a driver's connection to the same server that is none of the pool's."""
    return await _openers[database.sync_engine]()


def keeps_statements(database: Database) -> bool:
    """Tell whether prepared statements live as long as their connection; poolers drop them."""
    return "prepared_statement_cache_size" not in database.url.query


@asynccontextmanager
async def transaction(database: Database) -> AsyncGenerator[Connection]:
    """Begin a transaction; commit when the block ends, roll back when it raises."""
    async with database.begin() as connection:
        yield connection


@asynccontextmanager
async def snapshot_transaction(database: Database) -> AsyncGenerator[Connection]:
    """Begin a read-only transaction in which every statement sees the same moment."""
    async with database.connect() as connection:
        await connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        async with connection.begin():
            yield connection


def pool_use(database: Database) -> tuple[int, int]:
    """Return how many connections of the pool are in use, and how many wait to be used."""
    pool = database.pool
    if not isinstance(pool, QueuePool):
        return 0, 0
    return pool.checkedout(), pool.checkedin()


def lost_connection(error: BaseException) -> bool:
    """Tell whether an error means that the database cannot be reached rather than that it refused.

    A pool that had no connection to give in time counts: what was asked can be asked again.
    """
    away = (OSError, TimeoutError, PoolTimeoutError, OperationalError, InterfaceError)
    if isinstance(error, away):
        return True
    if isinstance(error, (asyncpg.InterfaceError, asyncpg.PostgresError)):
        return _lost_driver(error)
    if not isinstance(error, DBAPIError):
        return False
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return error.connection_invalidated or state.startswith(_AWAY)


def _lost_driver(error: Any) -> bool:  # noqa: ANN401 - asyncpg is untyped
    """Tell the same of what the driver raises on a connection that is none of the pool's."""
    if isinstance(error, asyncpg.InterfaceError):
        return not isinstance(error, ValueError)  # an argument it cannot encode
    return str(error.sqlstate or "").startswith(_AWAY)
