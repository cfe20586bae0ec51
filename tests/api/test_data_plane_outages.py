"""What readers get while PostgreSQL is away, and of a replica far behind: in this process."""

import asyncio
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from central_config.api.plane import reads
from central_config.configurations.routes import values
from central_config.core.migrations import migrate
from central_config.core.settings import Settings
from central_config.supervisor.postgres import PostgresServer
from tests.support.api import ADMIN_PASSWORD, MASTER_KEY
from tests.support.asgi import Answered, InProcess, ask, running, scope_of

pytestmark = pytest.mark.timeout(90)

MUCH = 500
MANY = 1_200


class Here:
    """An application in this process, and a key that reads its workspace."""

    def __init__(self, api: InProcess) -> None:
        self.api = api
        self.front = api.services.front(api.control)
        self.session: dict[str, str] = {}
        self.key: dict[str, str] = {}

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answered:
        given = {"content-type": "application/json", **self.session, **headers}
        sent = b"" if body is None else json.dumps(body).encode()
        return await ask(self.front, scope_of(method, f"/api/v1{path}", given), sent)

    async def prepare(self) -> None:
        await self.api.services.access.bootstrap()
        credentials = {"username": "admin", "password": ADMIN_PASSWORD}
        answer = await self.call("POST", "/sessions", credentials)
        self.session = {"authorization": f"Bearer {json.loads(answer.body)['token']}"}
        await self.call("POST", "/workspaces", {"slug": "shop"})
        for slug, parent in (("base", None), ("prod", "base")):
            body = {"slug": slug, "parent": parent}
            await self.call("POST", "/workspaces/shop/environments", body)
        key = {"name": "k", "workspace": "shop", "access": "read", "secrets": False}
        answer = await self.call("POST", "/keys", key)
        self.key = {"authorization": f"Bearer {json.loads(answer.body)['token']}"}

    async def put(self, key: str, value: Any) -> Answered:
        headers = {"if-match": "*"}
        return await self.call("PUT", f"/config/shop/base/{key}", {"value": value}, **headers)

    async def read(self, place: str, query: str = "") -> Answered:
        path = f"/api/v1/config/shop/{place}"
        return await ask(self.front, scope_of("GET", path, self.key, query))


async def until(check: Callable[[], Any], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not await check():  # noqa: ASYNC110 - it is asked of a server
            await asyncio.sleep(0.05)


@pytest.fixture
def private() -> Iterator[PostgresServer]:
    """A PostgreSQL that the test may stop."""
    base = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None
    directory = Path(tempfile.mkdtemp(prefix="cc-plane-", dir=base))
    directory.chmod(0o755)
    server = PostgresServer(data_dir=directory / "postgres", durable=False)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


async def check_ages(here: Here, before: dict[str, bytes], stale_after: float) -> None:
    """Read until a little after the bound: the same bytes, and an age that grows."""
    ages: list[float] = []
    began = time.monotonic()
    while time.monotonic() - began < stale_after + 1:
        for place, body in before.items():
            answer = await here.read(place)
            assert (answer.status, answer.body) == (200, body)
            ages.append(float(answer.headers["config-age"]))
            stale = answer.headers.get("config-stale") == "true"
            # The age is told in thousandths.
            assert stale == (ages[-1] > stale_after) or abs(ages[-1] - stale_after) < 0.01
        await asyncio.sleep(0.05)
    assert ages == sorted(ages)
    assert ages[-1] > stale_after


@pytest.mark.anyio
async def test_reads_while_postgresql_is_away(
    private: PostgresServer, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale_after = 1.5
    for module in (reads, values):
        monkeypatch.setattr(module, "STALE_AFTER", stale_after)
    settings = Settings(
        database_url=private.url, redis_url=redis_url, master_key=MASTER_KEY, metrics_port=0
    )
    await migrate(settings)
    async with running(settings) as api:
        here = Here(api)
        await here.prepare()
        for key, value in (("a", 1), ("b", "${a}"), ("c/d", [1, 2])):
            assert (await here.put(key, value)).status == 201
        places = ("prod", "prod/a", "prod/b", "base/c/d")
        before = {place: (await here.read(place)).body for place in places}
        assert "config-stale" not in (await here.read("prod/a")).headers
        await asyncio.to_thread(private.stop)

        await check_ages(here, before, stale_after)
        refused = await here.read("prod", "max_age=1")
        assert (refused.status, json.loads(refused.body)["code"]) == (503, "snapshot-stale")
        assert int(refused.headers["retry-after"]) >= 1
        refused = await here.read("prod/a", "consistent=true")
        assert (refused.status, json.loads(refused.body)["code"]) == (503, "not-ready")
        assert int(refused.headers["retry-after"]) >= 1
        assert (await here.read("prod", "max_age=3600")).status == 200
        assert (await here.put("a", 2)).status == 503

        await asyncio.to_thread(private.start)

        async def well() -> bool:
            answer = await here.read("prod/a")
            assert answer.status == 200
            return "config-stale" not in answer.headers

        async def written() -> bool:
            return (await here.put("a", 3)).status == 200

        await until(well, 10)
        await until(written, 10)
        assert json.loads((await here.read("prod/b")).body)["value"] == 3
        assert (await here.read("prod", "max_age=1")).status == 200
        assert (await here.read("prod/a", "consistent=true")).status == 200


@pytest.mark.anyio
async def test_a_replica_far_behind_catches_up(settings: Settings) -> None:
    async with running(settings) as first, running(settings) as second:
        here, there = Here(first), Here(second)
        await here.prepare()
        there.session, there.key = here.session, here.key
        await here.put("k/0", "first")
        assert json.loads((await there.read("prod")).body)["values"] == {"k/0": "first"}
        await second.services.relay.stop()
        await second.services.listener.stop()
        revision = 0
        for number in range(0, MANY, 50):
            done = await asyncio.gather(
                *[here.put(f"k/{each % MUCH}", each) for each in range(number, number + 50)]
            )
            revision = max(json.loads(answer.body)["revision"] for answer in done)
        assert revision > MANY
        behind = await there.read("prod")
        assert json.loads(behind.body)["values"] == {"k/0": "first"}
        second.services.relay.start()

        async def arrived() -> bool:
            return (await there.read("prod")).headers["config-revision"] == str(revision)

        await until(arrived, 15)
        assert (await there.read("prod")).body == (await here.read("prod")).body
        for each in (0, 7, MUCH - 1):
            place = f"prod/k/{each}"
            assert (await there.read(place)).body == (await here.read(place)).body
