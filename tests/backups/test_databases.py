"""Databases beside the server's own work."""

import asyncio

import asyncpg

from central_config.backups.store.databases import databases_of
from central_config.core.db import connect_arguments
from tests.support.servers import address_of, execute

# A table whose cleaning goes on for minutes: a nap of 100 ms after each page.
_LONG_CLEANING = """
    CREATE TABLE heap WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_cost_delay = 100,
      autovacuum_vacuum_cost_limit = 1)
    AS SELECT g, repeat('x', 500) FROM generate_series(1, 40000) AS g
"""
_CLEANING = (
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND datname = $1"
)


def test_a_database_that_is_being_cleaned_is_dropped(template_url: str, admin_url: str) -> None:
    """The cleaner belongs to the server: a plain role may not end it, but may drop its database."""
    asyncio.run(_drop_under_the_cleaner(template_url, admin_url))


async def _drop_under_the_cleaner(template: str, admin: str) -> None:
    name = "under_the_cleaner"
    maintenance = address_of(template, "postgres")
    await execute(maintenance, f"CREATE DATABASE {name}")
    made = address_of(template, name)
    await execute(made, _LONG_CLEANING)
    await execute(made, "DELETE FROM heap WHERE g % 2 = 0")
    watching = await asyncpg.connect(**connect_arguments(admin))
    try:
        await watching.execute("ALTER SYSTEM SET autovacuum_naptime = '1s'")
        await watching.execute("SELECT pg_reload_conf()")
        for _ in range(300):
            if await watching.fetchval(_CLEANING, name):
                break
            await asyncio.sleep(0.1)
        assert await watching.fetchval(_CLEANING, name), "nobody cleans"
        async with databases_of(maintenance) as databases:
            await databases.drop(name)
        known = "SELECT count(*) FROM pg_database WHERE datname = $1"
        assert await watching.fetchval(known, name) == 0
    finally:
        await watching.execute("ALTER SYSTEM RESET autovacuum_naptime")
        await watching.execute("SELECT pg_reload_conf()")
        await watching.close()
