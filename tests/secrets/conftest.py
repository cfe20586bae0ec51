"""One API, one workspace full of planted secrets, and everything that came out of it."""

from collections.abc import Iterator

import pytest

from central_config.core.ids import new_id
from tests.secrets.planting import Planted, plant
from tests.support.api import ApiProcess
from tests.support.servers import cloned_database


@pytest.fixture(scope="package")
def planted(
    template_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Planted]:
    """A workspace in which secrets were set in every way there is, on an API of its own."""
    more = {"LOG_LEVEL": "DEBUG", "CACHE_KEY_PREFIX": f"secrets{new_id().hex}:"}
    with cloned_database(template_url) as url:
        api = ApiProcess(url, redis_url, tmp_path_factory.mktemp("secrets") / "api.log", more)
        api.bootstrap()
        api.start()
        admin = api.sign_in()
        yield plant(api, admin)
        admin.close()
        api.stop()
