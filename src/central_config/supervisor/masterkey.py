"""The master key of the one-machine default: generated once, never replaced.

Without it no secret can be decrypted, so a key is only ever made for an empty database.
"""

import asyncio
import base64
import secrets
import time

import asyncpg

from central_config.core.settings import Settings
from central_config.supervisor.cluster import connect
from central_config.supervisor.errors import StartRefusedError
from central_config.supervisor.paths import Paths, Pause, write_once

KEY_BYTES = 32
DATABASE_PATIENCE, POLL = 30.0, 0.5  # seconds: a database that starts beside us
MIGRATIONS = "alembic_version"  # the table the first migration creates


def master_key_variables(settings: Settings, paths: Paths, pause: Pause) -> dict[str, str]:
    """Return the variables that tell children the key; generate it at the first start.

    Raises:
        StartRefusedError: the database is in use, but its key is gone.
    """
    if settings.master_key is not None:
        return {}
    if not paths.master_key.exists():
        if _database_in_use(settings, paths, pause):
            raise StartRefusedError(
                f"the database is in use, but its master key {paths.master_key} is gone: secrets "
                "cannot be read without it. Restore the file from your backup, or set MASTER_KEY "
                "or MASTER_KEY_FILE"
            )
        key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
        write_once(paths.master_key, f"{key}\n")
    return {"MASTER_KEY_FILE": str(paths.master_key)}


def _database_in_use(settings: Settings, paths: Paths, pause: Pause) -> bool:
    if settings.database_url is None:
        return paths.cluster.exists()
    url = settings.database_url.get_secret_value()
    deadline = time.monotonic() + DATABASE_PATIENCE
    while True:
        try:
            return asyncio.run(_is_migrated(url))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as problem:
            starting = isinstance(problem, OSError | asyncpg.CannotConnectNowError)
            if not starting or time.monotonic() > deadline:
                raise StartRefusedError(f"DATABASE_URL cannot be used: {problem}") from problem
        pause(POLL)


async def _is_migrated(url: str) -> bool:
    connection = await connect(url, timeout=5)
    try:
        return await connection.fetchval("SELECT to_regclass($1)::text", MIGRATIONS) is not None
    finally:
        await connection.close()
