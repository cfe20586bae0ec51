"""An API with every channel, all of them leading to sinks of the tests; and services by hand."""

import io
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from central_config.access.model import Caller, Principal
from central_config.audit.model import Actor
from central_config.cli.main import main
from central_config.core.db import Database, open_database
from central_config.core.ids import new_id
from central_config.core.jobs.queue import JobQueue
from central_config.core.settings import Settings
from central_config.incidents.service import Tools
from central_config.incidents.service.escalation import Escalation
from central_config.incidents.service.incidents import Incidents
from tests.notifications.sinks import Sinks, open_sinks
from tests.support.api import ApiProcess, Client
from tests.support.running import RunningApi

ALERTS_TOKEN = "alerts-token-of-tests"


@pytest.fixture(scope="session")
def sinks() -> Iterator[Sinks]:
    with open_sinks() as opened:
        yield opened


@pytest.fixture(scope="session")
def api(running_api: RunningApi, sinks: Sinks) -> Iterator[ApiProcess]:
    """A running API that can tell people."""
    with running_api(**sinks.environment, ALERTS_TOKEN=ALERTS_TOKEN) as process:
        yield process


@pytest.fixture(scope="session")
def operator(api: ApiProcess) -> Iterator[Client]:
    client = api.sign_in()
    yield client
    client.close()


class Result(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Ccfg = Callable[..., Result]


@pytest.fixture
def ccfg(
    api: ApiProcess,
    operator: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Ccfg:
    """Runs command lines as the administrator."""
    assert operator.token is not None
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("CENTRAL_CONFIG_URL", api.url)
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", operator.token)

    def run(*words: str) -> Result:
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        capfd.readouterr()
        code = main(list(words))
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    return run


class Time:
    """A clock that stands where the test puts it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def goes_on(self, **span: float) -> None:
        self.at += timedelta(**span)


class Desk:
    """The services at a database of the test's own, and a clock."""

    def __init__(self, database: Database, settings: Settings, time: Time) -> None:
        self.database = database
        self.time = time
        self.tools = Tools(database, JobQueue(None), settings, time)
        self.incidents = Incidents(self.tools)
        self.escalation = Escalation(self.tools)
        principal = Principal(kind="user", id=new_id(), name="ada", grants={})
        self.caller = Caller(principal, Actor("user", principal.id, "ada"))

    async def execute(self, statement: str, **values: Any) -> list[Any]:
        """Run a statement; return its rows."""
        async with self.database.begin() as connection:
            result = await connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []

    async def told(self, incident: str) -> list[str]:
        """Return the targets of the messages about an incident, oldest first."""
        rows = await self.execute(
            "SELECT target FROM cc_notification WHERE about = :about ORDER BY created_at, id",
            about=incident,
        )
        return [row.target for row in rows]

    async def timeline(self, incident: str, *kinds: str) -> list[str]:
        """Return the texts of a timeline, or those of some kinds."""
        told = await self.incidents.show(incident)
        return [each.text for each in told.entries if not kinds or each.kind in kinds]


@pytest.fixture
async def desk(settings: Settings, sinks: Sinks) -> AsyncIterator[Desk]:
    told = Settings(**{**settings.model_dump(), **sinks.settings})
    database = open_database(settings.require_database_url(), settings)
    yield Desk(database, told, Time())
    await database.dispose()
