"""Looks for planted texts in whatever form they may have taken."""

import asyncio
import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import asyncpg
import redis

from central_config.core.db import connect_arguments
from central_config.core.ids import new_id

_TABLES = """
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""


def canary(name: str) -> str:
    """Return a text that occurs nowhere else."""
    return f"canary-{name}-{new_id().hex}"


def forms(planted: str) -> list[bytes]:
    """Return how a planted text may look: plain, hexadecimal (bytea as text), base64, reversed.

    In base64 a text looks different at each of three offsets; what depends on its neighbours is
    cut off.
    """
    plain = planted.encode()
    found = [plain, plain.hex().encode(), quote(planted, safe="").encode(), plain[::-1]]
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found += [encode(b"\0" * offset + plain)[4 if offset else 0 : -4]]
    return found


def found_in(planted: dict[str, str], text: str | bytes) -> set[str]:
    """Return the names of the canaries a text holds in any form."""
    data = (text.encode() if isinstance(text, str) else text).lower()
    return {
        name
        for name, value in planted.items()
        if any(form.lower() in data for form in forms(value))
    }


def sightings(planted: dict[str, str], outputs: dict[str, str]) -> list[str]:
    """Return where canaries were seen: `output: names`."""
    return [
        f"{where}: {', '.join(sorted(seen))}"
        for where, text in outputs.items()
        if (seen := found_in(planted, text))
    ]


def check_clean(planted: dict[str, str], outputs: dict[str, str]) -> None:
    """Fail with every place in which a canary was seen."""
    seen = sightings(planted, outputs)
    assert not seen, f"secrets in {len(seen)} of {len(outputs)} outputs:\n" + "\n".join(seen)


def database_dump(url: str) -> dict[str, str]:
    """Return every row of every table as text, by table."""

    async def dump() -> dict[str, str]:
        connection = await asyncpg.connect(**connect_arguments(url))
        try:
            tables = [row[0] for row in await connection.fetch(_TABLES)]
            return {
                f"table {table}": "\n".join(
                    row[0]
                    for row in await connection.fetch(f"SELECT t::text FROM {table} AS t")  # noqa: S608 - names from the catalogue
                )
                for table in tables
            }
        finally:
            await connection.close()

    return asyncio.run(dump())


def execute(url: str, statement: str, *arguments: object) -> list[Any]:
    """Run a statement in the database; return its rows."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(**connect_arguments(url))
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()

    return asyncio.run(run())


def valkey_dump(url: str) -> dict[str, str]:
    """Return every key and value of every database of the server."""
    found: dict[str, str] = {}
    for number in range(16):
        client = redis.Redis.from_url(f"{url.partition('?')[0]}?db={number}")
        try:
            for key, value in _entries(client):
                found[f"valkey {number} {key!r}"] = f"{key!r} {value!r}"
        finally:
            client.close()
    return found


def _entries(client: redis.Redis) -> Iterator[tuple[bytes, object]]:
    readers: dict[bytes, Any] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"stream": client.xrange,
    }
    for key in client.scan_iter(count=500):
        kind: bytes = client.type(key)
        if kind != b"none":  # it expired meanwhile
            yield key, readers[kind](key)
