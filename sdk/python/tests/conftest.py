"""The SDK is tested against the real server, with the fixtures of the service's own tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests import conftest as service
from tests.conftest import (  # noqa: F401
    admin,
    anyio_backend,
    database_url,
    protected,
    redis_url,
    running_api,
    server,
    settings,
    template_url,
    workspace,
)
from tests.support.api import ApiProcess, Client, Workspace
from tests.support.servers import cloned_database

from central_config_client import Config
from central_config_client.testing.plugin import central_config  # noqa: F401
from sdk_support import Proxy


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the servers, unless the service's tests are run as well and do it."""
    if service not in session.config.pluginmanager.get_plugins():
        service.pytest_sessionstart(session)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the servers."""
    if service not in session.config.pluginmanager.get_plugins():
        service.pytest_sessionfinish(session)


@pytest.fixture
def open_config(server: ApiProcess, workspace: Workspace) -> Iterator[Callable[..., Config]]:  # noqa: F811
    """Make configurations of `workspace`'s staging; they are closed at the end."""
    made: list[Config] = []

    def make(**options: object) -> Config:
        given = {"url": server.url, "api_key": workspace.key(), "patience": 1.0, **options}
        made.append(Config(workspace.slug, "staging", **given))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def api(template_url: str, redis_url: str, tmp_path: Path) -> Iterator[ApiProcess]:  # noqa: F811
    """An API of this test's own, that it may kill."""
    with cloned_database(template_url) as url:
        process = ApiProcess(url, redis_url, tmp_path / "api.log")
        process.bootstrap()
        process.start()
        yield process
        process.stop()


@pytest.fixture
def own(api: ApiProcess) -> Iterator[Workspace]:
    """A workspace on `api`."""
    client: Client = api.sign_in()
    yield Workspace(client)
    client.close()


@pytest.fixture
def proxy(server: ApiProcess) -> Iterator[Proxy]:  # noqa: F811
    """What stands between the SDK and the shared server."""
    with Proxy(server.port) as running:
        yield running
