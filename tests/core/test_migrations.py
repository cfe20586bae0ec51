"""The schema that migrations make is the one the code describes."""

import importlib
import pkgutil

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, Integer, MetaData, Table

import central_config
from central_config.core import db, migrations
from central_config.core.settings import Settings


def _differences(connection: Connection, metadata: MetaData) -> list[object]:
    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return not (kind == "table" and name is not None and name.startswith("cc_audit_log_"))

    options = {"compare_type": True, "include_name": ours}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


@pytest.mark.anyio
async def test_tables_equal_migrations(settings: Settings) -> None:
    for module in pkgutil.walk_packages(central_config.__path__, "central_config."):
        if module.name.endswith((".tables", ".idempotency")):
            importlib.import_module(module.name)
    database = db.open_database(settings.require_database_url(), settings)
    async with database.connect() as connection:
        assert await connection.run_sync(_differences, db.metadata) == []
        changed = MetaData()
        Table("cc_user", changed, Column("id", Integer))
        assert await connection.run_sync(_differences, changed) != []
        assert await migrations.current(connection) == migrations.head()
    await database.dispose()


@pytest.mark.anyio
async def test_the_runbooks_index_and_functions_exist(settings: Settings) -> None:
    database = db.open_database(settings.require_database_url(), settings)
    async with database.connect() as connection:
        found = await connection.exec_driver_sql(
            "SELECT indexdef FROM pg_indexes"
            " WHERE indexname = 'idx_cc_configuration_workspace_status'"
        )
        assert "(workspace_id, status)" in found.scalar_one()
        again = await connection.exec_driver_sql("SELECT cc_audit_ensure_partitions(12)")
        assert again.scalar_one() == 0
    await database.dispose()
