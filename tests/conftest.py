"""Fixtures for all tests: real servers for the run, a database for a test, an API for a module."""

import os
from collections.abc import Iterator

import pytest

from central_config.core.settings import Settings
from tests.support.api import ApiProcess, Client, Workspace
from tests.support.servers import MASTER_KEY, Servers, cloned_database, own_valkey

# How the process that runs pytest tells its xdist workers where the server is.
_DATABASE = "CC_TESTS_DATABASE_URL"
_servers: list[Servers] = []


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the servers, once for all workers and only where tests will be run."""
    if os.environ.get("PYTEST_XDIST_WORKER") or session.config.option.collectonly:
        return
    servers = Servers()
    _servers.append(servers)
    servers.start()
    os.environ[_DATABASE] = servers.postgres.url


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the servers."""
    del session
    while _servers:
        _servers.pop().stop()


# Files that wait long for whole machines to start, break and mend. Begun first, so that at the end
# no worker is left alone with one.
_LONG = (
    "tests/faults/",
    "tests/playbooks/test_on_a_machine.py",
    "tests/playbooks_more/test_plays.py",
    "tests/playbooks_more/test_replica.py",
    "tests/crash/",
    "tests/backups/",
    "tests/supervisor/test_serve.py",
    "tests/upkeep/",
    "tests/operations/",
    "tests/incidents/",
    "tests/notifications/",
    "tests/worker/",
    "tests/properties/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long in front; within a file the order stays."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Run asynchronous tests on the loop the service runs on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def template_url() -> str:
    """The address of the template database; tests clone it."""
    return os.environ[_DATABASE]


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of Valkey; each process has its own, or one's jobs would go to another's."""
    with own_valkey() as url:
        yield url


@pytest.fixture
def database_url(template_url: str) -> Iterator[str]:
    """A database of this test's own, with the present schema."""
    with cloned_database(template_url) as url:
        yield url


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    """Settings for a process of this test's own."""
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        master_key=MASTER_KEY,
        metrics_port=0,
    )


@pytest.fixture(scope="session")
def server(
    template_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiProcess]:
    """A running API; shared, so tests make workspaces of their own."""
    with cloned_database(template_url) as url:
        api = ApiProcess(url, redis_url, tmp_path_factory.mktemp("api") / "api.log")
        api.bootstrap()
        api.start()
        yield api
        api.stop()


@pytest.fixture(scope="session")
def admin(server: ApiProcess) -> Iterator[Client]:
    """A client signed in as the first administrator."""
    client = server.sign_in()
    yield client
    client.close()


@pytest.fixture
def workspace(admin: Client) -> Workspace:
    """A fresh workspace with base <- staging, base <- prod."""
    return Workspace(admin)


@pytest.fixture
def protected(admin: Client) -> Workspace:
    """A fresh workspace whose prod requires approval."""
    return Workspace(admin, protected=True)
