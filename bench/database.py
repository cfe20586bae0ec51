"""Statements on the PostgreSQL the service runs on: filling tables, counting what was kept."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol, cast

import asyncpg

from central_config.core.db import connect_arguments

_WITHIN = 600  # seconds: a million rows


class _Connection(Protocol):
    """What is used of asyncpg's connection, which comes without types."""

    async def execute(self, query: str, *, timeout: float) -> str: ...  # noqa: ASYNC109 - its own
    async def fetch(self, query: str, *, timeout: float) -> Sequence[Any]: ...  # noqa: ASYNC109
    async def close(self) -> None: ...


def execute(url: str, *statements: str) -> None:
    """Run statements one after the other."""
    asyncio.run(_run(url, statements))


def fetch(url: str, query: str) -> Sequence[Any]:
    """Return a query's rows."""
    return asyncio.run(_run(url, (), query))


async def _run(url: str, statements: Sequence[str], query: str = "SELECT 1") -> Sequence[Any]:
    connection = cast(
        "_Connection",
        await asyncpg.connect(**connect_arguments(url)),  # pyright: ignore[reportUnknownMemberType]
    )
    try:
        for statement in statements:
            await connection.execute(statement, timeout=_WITHIN)
        return await connection.fetch(query, timeout=_WITHIN)
    finally:
        await connection.close()
