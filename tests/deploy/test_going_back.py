"""A release runs on the schema of the one after it: during an update and after a rollback."""

import asyncio
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from central_config.core.db import connect_arguments
from tests.support.api import ApiProcess, Workspace

# What a migration of a later release may do to any table: add to it what is filled by itself or
# may be missing. And the mark that such a migration leaves.
EXPANDED = """
    DO $$ DECLARE each record; BEGIN
        FOR each IN SELECT c.oid::regclass AS name FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
              AND NOT c.relispartition AND c.relname <> 'alembic_version'
        LOOP
            EXECUTE format('ALTER TABLE %s ADD COLUMN later_text text', each.name);
            EXECUTE format(
                'ALTER TABLE %s ADD COLUMN later_number int NOT NULL DEFAULT 7', each.name);
        END LOOP;
    END $$;
    CREATE TABLE cc_later (id int PRIMARY KEY);
    UPDATE alembic_version SET version_num = '9999';
"""


def execute(url: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(**connect_arguments(url))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


def test_it_leaves_the_schema_alone_and_works_on_it(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    execute(database_url, EXPANDED)
    api = ApiProcess(database_url, redis_url, tmp_path / "api.log")
    done = subprocess.run(
        [sys.executable, "-m", "central_config", "migrate"],
        env=api.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=40,
    )
    said = done.stdout + done.stderr
    assert "of a later release, left alone" in said
    assert '"after": "9999"' in said
    api.bootstrap()
    api.start()
    client = api.sign_in()
    try:
        workspace = Workspace(client)
        client.put(f"{workspace.slug}/base/db/port", 5432)
        client.put(f"{workspace.slug}/staging/db/port", 5433)
        assert client.value(f"{workspace.slug}/prod/db/port") == 5432
        client.ok("GET", f"/workspaces/{workspace.slug}/environments/staging/history/db/port")
        client.ok("GET", f"/workspaces/{workspace.slug}/environments/staging/explain/db/port")
        client.ok(
            "POST", f"/workspaces/{workspace.slug}/environments/base/rollback", json={"to": 1}
        )
        assert client.ok("GET", "/audit/verify")["intact"]
    finally:
        client.close()
        api.stop()


def test_a_database_that_is_not_there_is_no_later_release(redis_url: str, tmp_path: Path) -> None:
    api = ApiProcess("postgresql://nobody@127.0.0.1:9/none", redis_url, tmp_path / "api.log")
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run(
            [sys.executable, "-m", "central_config", "migrate"],
            env=api.environment,
            capture_output=True,
            check=True,
            timeout=40,
        )
