"""A repository of its own for each test, and what looks at the databases beside the test's."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from central_config.backups.model import container
from central_config.backups.model.runs import Run
from central_config.backups.service.catalogue import Catalogue
from central_config.backups.service.loading import address_of
from central_config.backups.service.portable import Portable
from central_config.backups.service.restoring import Restoring
from central_config.backups.store.databases import databases_of
from central_config.core.clock import SystemClock
from central_config.core.db import open_database
from central_config.core.settings import Settings

PASSPHRASE = "only-for-tests-0123456789-abcdef"


@pytest.fixture(autouse=True)
def cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make keys in a millisecond: how dear they are stands in each file."""
    monkeypatch.setattr(container, "_LOG2_N", 10)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def backed_up(settings: Settings, repository: Path) -> Settings:
    more = {"backup_repository": str(repository), "backup_passphrase": PASSPHRASE}
    return Settings(**{**settings.model_dump(exclude_unset=True), **more})


@pytest.fixture
def portable(backed_up: Settings) -> Portable:
    return Portable(backed_up, SystemClock())


@pytest.fixture
def restoring(backed_up: Settings) -> Restoring:
    return Restoring(backed_up, SystemClock())


@pytest.fixture(autouse=True)
def _no_databases_left(template_url: str, backed_up: Settings) -> Iterator[None]:
    yield

    async def drop() -> None:
        async with databases_of(address_of(template_url, "postgres")) as server:
            for name in await server.names(f"{name_of(backed_up)[:36]}_"):
                await server.drop(name)

    asyncio.run(drop())


@pytest.fixture
def admin_url(template_url: str, backed_up: Settings) -> str:
    """The same server's superuser, in this test's database: an exporter is often connected so."""
    sockets = template_url.partition("?host=")[2]
    root = Path(unquote(sockets)).parents[1]
    password = next(root.rglob("postgres-admin.password")).read_text()
    return f"postgresql://postgres:{password}@/{name_of(backed_up)}?host={sockets}"


def name_of(settings: Settings) -> str:
    """Return the name of the settings' database."""
    return settings.require_database_url().partition("@/")[2].partition("?")[0]


def databases(restoring: Restoring) -> list[str]:
    """Return the names of this test's databases."""

    async def ask() -> list[str]:
        async with restoring._server() as server:
            return await server.names(restoring.name)

    return asyncio.run(ask())


async def runs(settings: Settings) -> list[Run]:
    """Return what was done with backups, the last first."""
    database = open_database(settings.require_database_url(), settings)
    try:
        return list(await Catalogue(database, SystemClock()).page(100))
    finally:
        await database.dispose()
