"""A small pool, for what only the services of other features know how to ask."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError

from central_config.core.db import Database, open_database
from central_config.core.settings import Settings
from central_config.playbooks.model.errors import UnreachableError

_SMALL = {"database_pool_size": 1, "database_max_overflow": 1, "database_pool_timeout": 5.0}


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Database]:
    """Give a pool and close it.

    Raises:
        UnreachableError: no database is named, none answers, or it refuses.
    """
    if settings.database_url is None:
        raise UnreachableError("DATABASE_URL is not set")
    url = settings.database_url.get_secret_value()
    small = settings.model_copy(update=_SMALL)
    database = open_database(url, small, application="central-config-ops")
    try:
        yield database
    except (OSError, SQLAlchemyError, TimeoutError) as error:
        raise UnreachableError(f"database: {type(error).__name__}") from error
    finally:
        await database.dispose()
