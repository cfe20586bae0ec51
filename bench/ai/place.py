"""A database, the services on it and the company in it, for as long as they are asked."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

from bench.ai import company as data
from bench.ai.loading import Loaded, Moment, load
from central_config.api.services import Services
from central_config.assistant.service.executing import Executing
from central_config.assistant.service.searching import Searching
from central_config.assistant.service.synonyms import Synonyms
from central_config.assistant.service.uses import Uses
from central_config.assistant.service.vocabularies import Vocabularies
from central_config.configurations.service.history import History
from central_config.configurations.service.reading import Reading
from central_config.core.migrations import migrate
from central_config.core.settings import Settings
from central_config.supervisor.postgres import PostgresServer

# Of throw-away data; a random one would do, but then a run could not be repeated byte for byte.
_MASTER_KEY = "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk="


class Place(NamedTuple):
    """The company behind the services of one process, and the parts of asking by themselves."""

    services: Services
    loaded: Loaded
    executing: Executing
    vocabularies: Vocabularies


@contextlib.contextmanager
def database() -> Iterator[str]:
    """Run a PostgreSQL with the present schema; give its address. Outside an event loop only."""
    place = Path(tempfile.mkdtemp(prefix="central-config-ai-"))
    place.chmod(0o755)  # PostgreSQL does not run as root
    server = PostgresServer(data_dir=place / "postgres", durable=False)
    try:
        server.start()
        asyncio.run(migrate(Settings(database_url=server.url)))
        yield server.url
    finally:
        server.stop()
        shutil.rmtree(place, ignore_errors=True)


@contextlib.asynccontextmanager
async def company_at(url: str, **settings: object) -> AsyncIterator[Place]:
    """Start the services on an empty database and bring the company in."""
    clock = Moment(data.company().founded)
    values = {"database_url": url, "master_key": _MASTER_KEY, "metrics_port": 0, **settings}
    services = Services(Settings.model_validate({**values, "ai_enabled": True}), clock)
    await services.start()
    try:
        yield _place(services, await load(services, clock))
    finally:
        await services.stop()


def _place(services: Services, loaded: Loaded) -> Place:
    found = services.by_type
    reading, history = found[Reading], found[History]
    searching = Searching(services.snapshots, reading, history, found[Uses])
    return Place(
        services,
        loaded,
        Executing(reading, history, searching),
        Vocabularies(services.snapshots, history, found[Synonyms]),
    )
