"""Bringing the database to the schema this version needs, once, whoever starts first."""

from pathlib import Path

import sqlalchemy as sa
import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection

from central_config.core.db import open_database
from central_config.core.settings import Settings

log = structlog.get_logger(__name__)

# One lock for all migrating processes; an arbitrary number that is ours ("ccfg" in ASCII).
_LOCK = 0x63636667
# A migration that waits for a lock stops everybody behind it in the queue: rather give up.
_LOCK_TIMEOUT = "10s"
_STATEMENT_TIMEOUT = "15min"


def configuration() -> Config:
    """Return Alembic's configuration for the migrations of this version."""
    package = Path(__file__).parent.parent
    found = next(
        (
            each
            for each in (package / "_migrations", package.parents[1] / "migrations")
            if each.is_dir()
        ),
        None,
    )
    if found is None:
        message = "the migrations are missing from this installation"
        raise SystemExit(message)
    config = Config()
    config.set_main_option("script_location", str(found))
    return config


async def migrate(settings: Settings) -> None:
    """Bring the schema to its head; any number of processes may ask at the same time."""
    url = settings.require_database_url()
    database = open_database(url, settings, application="central-config-migrate")
    try:
        async with database.connect() as connection:
            # Another process may migrate for minutes; waiting for it is no fault.
            await connection.execute(sa.text("SET statement_timeout = 0"))
            await connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            await connection.execute(sa.text(f"SET lock_timeout = '{_LOCK_TIMEOUT}'"))
            await connection.execute(sa.text(f"SET statement_timeout = '{_STATEMENT_TIMEOUT}'"))
            await connection.commit()
            try:
                before = await current(connection)
                await connection.commit()
                if is_known(before):
                    await connection.run_sync(_upgrade)
                    await connection.commit()
                else:
                    log.warning("the schema is of a later release, left alone", revision=before)
                after = await current(connection)
            finally:
                await connection.rollback()
                await connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
                await connection.commit()
    finally:
        await database.dispose()
    log.info("schema is current", before=before, after=after)


async def current(connection: AsyncConnection) -> str | None:
    """Return the revision the schema is at; None for an empty database."""
    return await connection.run_sync(
        lambda sync: MigrationContext.configure(sync).get_current_revision()
    )


def head() -> str | None:
    """Return the revision this version needs."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def is_known(revision: str | None) -> bool:
    """Tell whether this release knows the revision.

    One it does not know is of a later release: after a rollback this one runs on that schema, which
    is made for both, as every migration is for the release before it.
    """
    known = ScriptDirectory.from_config(configuration()).walk_revisions()
    return revision is None or any(each.revision == revision for each in known)


def _upgrade(connection: sa.Connection) -> None:
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
