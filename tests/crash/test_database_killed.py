"""PostgreSQL dies under the API: reads go on, writes are refused cleanly, nothing is lost."""

import asyncio
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import asyncpg
import httpx2
import pytest

from central_config.core.db import connect_arguments
from central_config.core.migrations import migrate
from central_config.core.settings import Settings
from central_config.supervisor.postgres import PostgresServer
from tests.crash.load import Load, check, wait_for, writers
from tests.support.api import ADMIN, ADMIN_PASSWORD, ApiProcess, Client, Workspace
from tests.support.running import started
from tests.support.servers import bootstrap

DOWN_FOR = 3.0  # seconds


@pytest.fixture(scope="module")
def own_api(
    postgres: PostgresServer, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiProcess]:
    """An API on that PostgreSQL."""
    asyncio.run(migrate(Settings(database_url=postgres.url)))
    asyncio.run(bootstrap(postgres.url))
    process = ApiProcess(postgres.url, redis_url, tmp_path_factory.mktemp("own") / "api.log")
    with started(process):
        yield process


@pytest.fixture
def admin(own_api: ApiProcess) -> Iterator[Client]:
    """Its first administrator."""
    client = own_api.sign_in()
    yield client
    client.close()


class Reader:
    """Reads without pause, as an application does, and counts what it gets."""

    def __init__(self, api: ApiProcess, token: str, place: str) -> None:
        self.statuses: Counter[int] = Counter()
        self.refusals: list[str] = []
        self.slowest = 0.0
        self._client = api.with_token(token)
        self._place = place
        self.halted = threading.Event()

    def run(self) -> None:
        while not self.halted.wait(0.01):
            began = time.monotonic()
            answer = self._client.get(f"/config/{self._place}")
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.statuses[answer.status_code] += 1
            if answer.status_code != 200:
                self.refusals.append(answer.text)
        self._client.close()


class Listener:
    """Watches by Server-Sent Events, comes back where it was cut, and notes each revision."""

    def __init__(self, api: ApiProcess, token: str, place: str, since: int) -> None:
        self.heard: list[int] = []
        self.kinds: Counter[str] = Counter()
        self.connections = 0
        self._client = api.with_token(token)
        self._place = place
        self._last = since
        self.halted = threading.Event()

    def run(self) -> None:
        while not self.halted.is_set():
            headers = {"Accept": "text/event-stream", "Last-Event-ID": str(self._last)}
            with self._client.http.stream(
                "GET", f"/watch/{self._place}", headers=headers
            ) as answer:
                self.connections += 1
                assert answer.status_code in {200, 503}, answer.read()
                with suppress(httpx2.ReadTimeout):
                    self._hear(answer.iter_lines())
            self.halted.wait(0.2)
        self._client.close()

    def _hear(self, lines: Iterator[str]) -> None:
        for line in lines:
            name, _, text = line.partition(": ")
            if name == "event":
                self.kinds[text] += 1
            elif name == "id":
                self._last = int(text)
                self.heard.append(self._last)
            if self.halted.is_set():
                return


@contextmanager
def followed(api: ApiProcess, target: Workspace) -> Iterator[tuple[Reader, Listener]]:
    """Read and watch with an API key while the block runs."""
    target.admin.put(target.place("staging", "steady"), "here")
    token = target.key()
    reader = Reader(api, token, target.place("staging", "steady"))
    listener = Listener(api, token, target.place("staging"), target.revision())
    threads = [threading.Thread(target=each.run) for each in (reader, listener)]
    for thread in threads:
        thread.start()
    try:
        yield reader, listener
    finally:
        reader.halted.set()
        listener.halted.set()
        target.admin.put(target.place("staging", "steady"), "gone on")  # wakes the listener
        for thread in threads:
            thread.join(10)


def check_refusals(load: Load) -> None:
    for answer in load.refused:
        assert answer.status_code == 503, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "not-ready"
        assert int(answer.headers["retry-after"]) >= 1
    assert load.open == [], "the API itself never went away"


def check_heard(listener: Listener) -> None:
    assert listener.heard == sorted(set(listener.heard)), "out of order, or twice"
    assert listener.kinds["snapshot"] == 0
    assert listener.connections == 1, "the watch was cut"


def check_refusal_of_each(api: ApiProcess, admin: Client, target: Workspace) -> None:
    """Ask for what only the database knows; every answer must be `not-ready`."""
    stranger = api.with_token("cc_abcdefgh_" + "x" * 43)
    anonymous = api.anonymous()
    credentials = {"username": ADMIN, "password": ADMIN_PASSWORD}
    place = target.place("staging")
    answers = {
        "sign in": anonymous.post("/sessions", credentials),
        "unknown key": stranger.get(f"/config/{place}"),
        "timeline": admin.get(f"{target.path}/revisions"),
        "workspaces": admin.get("/workspaces"),
        "consistent read": admin.get(f"/config/{place}", params={"consistent": "true"}),
        "past": admin.get(f"/config/{place}", params={"at": "3"}),
        "draft": admin.post(
            f"{target.path}/changes",
            {"edits": [{"environment": "prod", "key": "k", "value": 1}], "action": "draft"},
        ),
        "repeatable": admin.post(
            f"{target.path}/compact", {"before": 1}, headers={"Idempotency-Key": "again"}
        ),
    }
    stranger.close()
    anonymous.close()
    for what, answer in answers.items():
        assert answer.status_code == 503, f"{what}: {answer.status_code} {answer.text}"
        assert answer.json()["code"] == "not-ready", what
        assert "retry-after" in answer.headers, what


def test_server_killed(postgres: PostgresServer, own_api: ApiProcess, admin: Client) -> None:
    target = Workspace(admin)
    with followed(own_api, target) as (reader, listener):
        with writers(target) as load:
            load.wait_for_more(40)
            assert postgres.pid is not None
            os.kill(postgres.pid, signal.SIGKILL)
            wait_for(lambda: load.refused)
            down_since = time.monotonic()
            before = Counter(reader.statuses)
            check_refusal_of_each(own_api, admin, target)
            assert httpx2.get(f"{own_api.url}/health/ready").status_code == 503
            assert httpx2.get(f"{own_api.url}/health/live").status_code == 200
            time.sleep(max(0.0, DOWN_FOR - (time.monotonic() - down_since)))
            assert (reader.statuses - before)[200] > 0, "nobody could read"
            wait_for(lambda: postgres.exit_code() is not None)
            postgres.start()
            own_api.wait_until_ready()
            load.wait_for_more(40)
        wait_for(lambda: set(load.acknowledged) <= set(listener.heard))
    check_refusals(load)
    assert reader.refusals == []
    check_heard(listener)
    check(load, admin)


def test_one_session_killed(postgres: PostgresServer, own_api: ApiProcess, admin: Client) -> None:
    """Then PostgreSQL ends every session and recovers, telling whoever comes meanwhile to wait."""
    target = Workspace(admin)
    with followed(own_api, target) as (reader, listener):
        with writers(target) as load:
            for _ in range(2):
                load.wait_for_more(40)
                os.kill(a_session(postgres), signal.SIGKILL)
                wait_for(lambda: load.refused)
            load.wait_for_more(40)
        wait_for(lambda: set(load.acknowledged) <= set(listener.heard))
    check_refusals(load)
    assert reader.refusals == []
    check_heard(listener)
    check(load, admin)


def a_session(postgres: PostgresServer) -> int:
    """Return the process of one session of the API."""

    async def ask() -> int:
        connection = await asyncpg.connect(**connect_arguments(postgres.admin_url("postgres")))
        try:
            query = (
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'central-config-api' "
                "ORDER BY state_change DESC LIMIT 1"
            )
            return int(await connection.fetchval(query))
        finally:
            await connection.close()

    return asyncio.run(ask())
