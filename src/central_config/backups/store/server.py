"""A restored server as its superuser sees it."""

from datetime import datetime
from typing import cast

import asyncpg

from central_config.supervisor.cluster import connect

TIMEOUT = 5  # seconds


async def is_recovering(url: str) -> bool | None:
    """Tell whether the server still replays its log; None while it takes no connections."""
    try:
        connection = await connect(url, timeout=TIMEOUT)
    except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
        return None
    try:
        return bool(await connection.fetchval("SELECT pg_is_in_recovery()"))
    finally:
        await connection.close()


async def replayed_until(url: str) -> datetime | None:
    """Return when the last transaction that was replayed had been committed; with zone."""
    connection = await connect(url, timeout=TIMEOUT)
    try:
        found = await connection.fetchval("SELECT pg_last_xact_replay_timestamp()")
        return cast("datetime | None", found)
    finally:
        await connection.close()


async def set_password(url: str, role: str, password: str) -> None:
    """Give a role the password this installation knows; both are our own, without quotes."""
    connection = await connect(url, timeout=TIMEOUT)
    try:
        await connection.execute(f"ALTER ROLE {role} PASSWORD '{password}'")
    finally:
        await connection.close()
