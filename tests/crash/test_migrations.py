"""Bringing a database to its schema, whoever else is doing the same."""

import asyncio
import subprocess
import sys

from central_config.core.ids import new_id
from central_config.core.migrations import head
from tests.support.api import ApiProcess
from tests.support.servers import address_of, drop_database, execute

TOGETHER = 3


def test_several_processes_migrate_an_empty_database_at_once(
    template_url: str, redis_url: str, tmp_path: object
) -> None:
    name = f"t{new_id().hex}"
    maintenance = address_of(template_url, "postgres")
    asyncio.run(execute(maintenance, f'CREATE DATABASE "{name}"'))
    environment = ApiProcess(address_of(template_url, name), redis_url, tmp_path).environment  # type: ignore[arg-type]
    try:
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "central_config", "migrate"],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in range(TOGETHER)
        ]
        said = [process.communicate(timeout=40)[0] for process in running]
        assert [process.returncode for process in running] == [0] * TOGETHER, said
        assert all(f'"after": "{head()}"' in each for each in said), said
        assert sum('"before": null' in each for each in said) == 1, "it was migrated twice"
    finally:
        asyncio.run(drop_database(maintenance, name))
