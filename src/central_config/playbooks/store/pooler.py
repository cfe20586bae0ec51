"""Is there a pooler between us and PostgreSQL?"""

import asyncio
import math
from typing import cast

import asyncpg

from central_config.core.db import connect_arguments, open_connection
from central_config.playbooks.model.errors import UnreachableError


async def is_pooled(url: str, patience: float) -> bool:
    """Tell whether a pooler answers at an address.

    At the start of a connection PostgreSQL tells the number of its process, with which a client may
    cancel. A pooler keeps its servers to itself and tells a number of its own.

    Raises:
        UnreachableError: no answer, or a refusal.
    """
    try:
        connection = await open_connection(
            **connect_arguments(url), timeout=math.ceil(patience), statement_cache_size=0
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        raise UnreachableError(f"database: {error or 'no answer'}") from error
    try:
        async with asyncio.timeout(patience):
            process = cast("int", await connection.fetchval("SELECT pg_backend_pid()"))
        return process != connection.get_server_pid()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        raise UnreachableError(f"database: {error or 'no answer'}") from error
    finally:
        connection.terminate()
