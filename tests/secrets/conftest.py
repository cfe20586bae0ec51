"""One API, one workspace full of planted secrets, and everything that came out of it."""

import contextlib
from collections.abc import Iterator

import pytest

from central_config.core.ids import new_id
from tests.secrets.planting import Planted, plant
from tests.support.running import RunningApi


@pytest.fixture(scope="package")
def planted(running_api: RunningApi) -> Iterator[Planted]:
    """A workspace in which secrets were set in every way there is, on an API of its own."""
    own_prefix = f"secrets{new_id().hex}:"
    with (
        running_api(LOG_LEVEL="DEBUG", CACHE_KEY_PREFIX=own_prefix) as api,
        contextlib.closing(api.sign_in()) as admin,
    ):
        yield plant(api, admin)
