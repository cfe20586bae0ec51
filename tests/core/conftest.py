"""A running application with a workspace of which copies are made."""

from collections.abc import AsyncIterator

import pytest

from central_config.core.settings import Settings
from tests.core.warm_world import World
from tests.support.asgi import running


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    async with running(settings) as api:
        found = World(api, settings)
        await found.prepare()
        yield found
