"""One statement on a connection of its own, bounded in time."""

import asyncio
import math
from collections.abc import Sequence
from typing import Any, cast

import asyncpg

from central_config.playbooks.model.errors import UnreachableError
from central_config.supervisor.accounts import database_account
from central_config.supervisor.cluster import DATABASE, SUPERUSER
from central_config.supervisor.paths import Paths, socket_directory
from central_config.supervisor.postgres import address

_SETTINGS = {"application_name": "central-config-ops"}


def admin_address(paths: Paths, name: str = "") -> str:
    """Return the superuser's address on this machine's PostgreSQL, by default our database's."""
    account = database_account(paths.cluster)
    sockets = socket_directory(paths.root, account) / "postgres"
    return address(sockets, paths.admin_password, user=SUPERUSER, database=name or DATABASE)


async def rows(
    url: str, sql: str, arguments: Sequence[object], patience: float
) -> list[dict[str, Any]]:
    """Return what a statement returns.

    Raises:
        UnreachableError: no answer within `patience` seconds, or a refusal.
    """
    try:
        connection = cast(
            "Any",
            await asyncpg.connect(  # pyright: ignore[reportUnknownMemberType]
                url,
                timeout=math.ceil(patience),
                statement_cache_size=0,
                server_settings={
                    **_SETTINGS,
                    "statement_timeout": str(int(patience * 1000)),
                    "lock_timeout": str(int(patience * 1000)),
                },
            ),
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        raise UnreachableError(f"database: {error or 'no answer'}") from error
    try:
        async with asyncio.timeout(patience + 1):
            found = await connection.fetch(sql, *arguments)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        raise UnreachableError(f"database: {error or 'no answer'}") from error
    finally:
        connection.terminate()
    return [dict(row) for row in found]
