"""Runs migrations on the connection that `central_config.core.migrations` hands over."""

from alembic import context

from central_config.core.db import metadata


def ours(name: str | None, kind: str, parents: object) -> bool:
    """Leave the monthly partitions of the audit log out of comparisons: a function makes them."""
    del parents
    return not (kind == "table" and name is not None and name.startswith("cc_audit_log_"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
    compare_type=True,
    include_name=ours,
)
with context.begin_transaction():
    context.run_migrations()
