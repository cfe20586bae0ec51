"""A place for messages to arrive, and a database with an outbox."""

from collections.abc import AsyncIterator, Iterator

import pytest

from central_config.core.db import Database, open_database
from central_config.core.settings import Settings
from tests.notifications.sinks import Sinks, open_sinks


@pytest.fixture
def sinks() -> Iterator[Sinks]:
    with open_sinks() as opened:
        yield opened


@pytest.fixture
def told(settings: Settings, sinks: Sinks) -> Settings:
    """Settings with every channel."""
    return Settings(**{**settings.model_dump(), **sinks.settings})


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    opened = open_database(settings.require_database_url(), settings)
    yield opened
    await opened.dispose()
