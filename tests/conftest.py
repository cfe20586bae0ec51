"""Fixtures for all tests: real servers for the run, a database for a test, an API for a module."""

import functools
import os
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from central_config.access.service import passwords
from central_config.core.settings import Settings
from tests.support.api import MASTER_KEY, ApiProcess, Client, Workspace
from tests.support.running import RunningApi, api_runner, without_model
from tests.support.servers import Servers, cloned_database, forget_failures, own_valkey

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


# Files that wait long for whole machines to start, break and mend, the longest first. Begun first,
# so that at the end no worker is left alone with one.
_LONG = (
    "tests/faults/",
    "tests/worker/test_worker.py",
    "tests/playbooks/test_on_a_machine.py",
    "tests/playbooks_more/test_plays.py",
    "tests/playbooks_more/test_replica.py",
    "tests/backups/physical/",
    "tests/crash/",
    "tests/supervisor/test_serve.py",
    "tests/operations/",
    "tests/worker/",
    "tests/backups/",
    "tests/deploy/",
    "tests/upkeep/",
    "tests/secrets/",
    "tests/notifications/",
    "tests/incidents/",
    "tests/replicas/",
    "tests/properties/",
    "tests/watching/test_crowds.py",
    "tests/watching/test_planes_agree.py",
    "tests/api/test_planes_agree.py",
    "tests/api/test_schemathesis.py",
)


def _turn(item: pytest.Item) -> int:
    """Return the place of a test's file among the long ones; all others come after them."""
    found = (at for at, start in enumerate(_LONG) if item.nodeid.startswith(start))
    return next(found, len(_LONG))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long in front; within a file the order stays."""
    items.sort(key=_turn)


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Run asynchronous tests on the loop the service runs on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Hash passwords in this process in a millisecond; each hash says how dear it is.

    API processes that tests start hash as dearly as the service does.
    """
    cheap = functools.partial(PasswordHasher, time_cost=1, memory_cost=64, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "PasswordHasher", cheap)
        yield


@pytest.fixture
def dear_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as dearly as the service does: for tests of just that."""
    monkeypatch.setattr(passwords, "PasswordHasher", PasswordHasher)


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
def unthrottled(redis_url: str) -> None:
    """Let the throttle forget what wrong tokens and passwords other tests sent from here."""
    forget_failures(redis_url)


@pytest.fixture
def database_url(template_url: str) -> Iterator[str]:
    """A database of this test's own, with the present schema."""
    with cloned_database(template_url) as url:
        yield url


@pytest.fixture
def bootstrapped_url(template_url: str) -> Iterator[str]:
    """The same, with roles and the first administrator: for tests that start processes on it."""
    with cloned_database(template_url, bootstrapped=True) as url:
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
def running_api(
    template_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> RunningApi:
    """Start APIs, each with a database of its own, for as long as a `with` lasts."""
    return api_runner(template_url, redis_url, tmp_path_factory.mktemp)


@pytest.fixture(scope="session")
def server(running_api: RunningApi) -> Iterator[ApiProcess]:
    """A running API; shared, so tests make workspaces of their own."""
    with running_api() as api:
        yield api


@pytest.fixture(scope="session")
def modelless(running_api: RunningApi) -> Iterator[ApiProcess]:
    """A running API whose AI engine is on and finds no model; shared like `server`."""
    with running_api(**without_model()) as api:
        yield api


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
