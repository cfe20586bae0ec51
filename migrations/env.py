"""Runs migrations on the connection that `central_config.core.migrations` hands over."""

from alembic import context

from central_config.core.db import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
