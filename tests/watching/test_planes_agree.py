"""The data plane's watches are the control plane's, byte by byte, over random histories."""

import asyncio
import contextlib
import json
import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from central_config.access.model import Caller
from central_config.access.service import NewKey
from central_config.configurations.service.edits import Wish
from central_config.core.problems import Problem
from central_config.core.settings import Settings
from tests.support.api import ADMIN_PASSWORD
from tests.support.asgi import InProcess, ask, running, scope_of
from tests.watching.conftest import Process
from tests.watching.connection import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

STEPS = 80
KEYS = ["app", "app/a", "app/b", "app/c/d", "apple", "db/url", "db/user", "zone"]
# What may differ between two answers to the same question.
MOVING = {"x-request-id"}


class Told(NamedTuple):
    """One watch on one plane."""

    connection: Connection
    task: asyncio.Task[Any]


class Both:
    """The same watch on both planes."""

    def __init__(self, api: InProcess, path: str, query: str, headers: dict[str, str]) -> None:
        given = {"accept": "text/event-stream", **headers}
        self.scope = scope_of("GET", path, given, query)
        self.fast, self.slow = self._fast(api), self._slow(api)

    def _fast(self, api: InProcess) -> Told:
        here = Connection()
        answer = api.services.watches.answer(dict(self.scope), here.receive, here.send)
        return Told(here, asyncio.create_task(answer))

    def _slow(self, api: InProcess) -> Told:
        here = Connection()

        async def send(message: Any) -> None:
            # The framework ends a stream that its client left, too.
            if not here.ended:
                await here.send(message)

        return Told(here, asyncio.create_task(api.control(dict(self.scope), here.receive, send)))

    async def reached(self, revision: int) -> None:
        async with asyncio.timeout(20):
            for told in (self.fast, self.slow):
                while not told.task.done() and max([0, *told.connection.ids]) < revision:
                    await told.connection.more(0.05)

    async def end(self) -> None:
        for told in (self.fast, self.slow):
            told.connection.hang_up()
            await told.task

    def agree(self) -> None:
        fast, slow = self.fast.connection, self.slow.connection
        assert fast.events == slow.events
        assert fast.start is not None
        assert slow.start is not None
        assert fast.start["status"] == slow.start["status"]
        assert _plain(fast.start["headers"]) == _plain(slow.start["headers"])


def _plain(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    pairs = {name.decode(): value.decode() for name, value in headers}
    return {name: value for name, value in pairs.items() if name not in MOVING}


async def _prepared(api: InProcess) -> tuple[Process, Caller]:
    """A workspace, and somebody who exists and may do everything."""
    process = Process.__new__(Process)
    process.services = api.services
    await api.services.access.bootstrap()
    credentials = {"username": "admin", "password": ADMIN_PASSWORD}
    given = {"content-type": "application/json"}
    body = json.dumps(credentials).encode()
    session = await ask(api.control, scope_of("POST", "/api/v1/sessions", given), body)
    token = json.loads(session.body)["token"]
    principal = await api.services.access.authenticate(token, "")
    made = await process.workspace()
    return process, Caller(principal, principal.actor(), made.place)


async def _key(api: InProcess, admin: Caller, **asked: Any) -> str:
    new = NewKey(workspace=admin.place.slug, **asked)
    return (await api.services.access.keys.create(admin, new))[1]


def _step(dice: random.Random) -> list[Wish]:
    wishes: list[Wish] = []
    for key in dice.sample(KEYS, dice.randint(1, 3)):
        environment = dice.choice(["base", "prod"])
        action = dice.choice(["set", "set", "set", "remove"])
        value: Any = dice.choice([1, "é\n", {"a": [None]}, "${zone}", dice.random()])
        secret = key == "db/user"
        if key == "zone":
            value = dice.choice(["x", "y"])
        chosen = value if action == "set" else None
        wishes.append(Wish(environment, key, action, chosen, None, secret))
    return wishes


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_both_planes_tell_the_same(settings: Settings, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    async with running(settings) as api:
        process, admin = await _prepared(api)
        # What becomes a secret is told otherwise to those who come back: it is one from the start.
        hidden = Wish("base", "db/user", "set", "u", None, secret=True)
        await process.put(admin, Wish("base", "zone", "set", "x"), hidden)
        tokens = [
            await _key(api, admin, **each)
            for each in (
                {"name": "viewer", "access": "read"},
                {"name": "trusted", "access": "read", "secrets": True},
                {"name": "narrow", "access": "read", "key_prefix": "app/"},
            )
        ]
        start = (await api.services.snapshots.get(admin.place.id)).revision
        asked = [
            (
                f"/api/v1/watch/{admin.place.slug}/{environment}",
                query,
                {"authorization": f"Bearer {token}", **headers},
            )
            for token in tokens
            for environment in ("base", "prod")
            for query, headers in (
                ("", {"last-event-id": str(start)}),
                ("prefix=app", {}),
                (f"prefix=db%2F&revision={start}", {}),
                ("prefix=nothing", {"last-event-id": f" {start} "}),
            )
            if token is not tokens[-1] or query in {"", "prefix=app"}
        ]
        watches = [Both(api, *each) for each in asked]
        for watch in watches:
            await watch.reached(-1)
        await asyncio.sleep(0.3)
        published, last = 0, start
        for _ in range(STEPS):
            with contextlib.suppress(Problem):  # some wishes are refused
                last = await process.put(admin, *_step(dice))
                published += 1
            if dice.random() < 0.02:
                await process.environment(admin, f"e{dice.randint(0, 10**9)}", "base")
        last = await process.put(
            admin, *[Wish("base", f"{each}last", "set", 1) for each in ("app/", "db/", "nothing")]
        )
        for watch in watches:
            await watch.reached(last)
            await watch.end()
            watch.agree()
        heard = [watch.fast.connection.events for watch in watches]
        assert all(heard)
        assert published > STEPS / 2
        await _resumed(api, dice, asked, last, watches)


async def _resumed(
    api: InProcess,
    dice: random.Random,
    asked: list[tuple[str, str, dict[str, str]]],
    last: int,
    watches: list[Both],
) -> None:
    """Whoever comes back hears the rest of what those who stayed have heard."""
    for (path, query, headers), stayed in zip(asked, watches, strict=True):
        ids = stayed.fast.connection.ids
        if len(ids) < 2:
            continue
        since = dice.choice(ids[:-1])
        again = Both(api, path, query, {**headers, "last-event-id": str(since)})
        await again.reached(last)
        await again.end()
        again.agree()
        rest = stayed.fast.connection.events.partition(b"id: %d\n" % since)[2]
        rest = rest.partition(b"\n\n")[2]
        told = again.fast.connection.events.removeprefix(b"retry: 1000\n\n")
        assert told == rest or told.startswith(b"event: snapshot")


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("revision=x", {}),
        ("revision=1&revision=2", {}),
        ("wait=3", {}),
        ("prefix=a&other=1", {}),
        ("", {"last-event-id": "abc"}),
        ("", {"accept": "application/json"}),
        ("", {"authorization": "Basic abc"}),
        ("", {"authorization": "Bearer cc_nobody"}),
        ("", {"authorization": ""}),
    ],
)
async def test_what_is_odd_or_refused_is_left_to_the_control_plane(
    settings: Settings, query: str, headers: dict[str, str]
) -> None:
    async with running(settings) as api:
        _, admin = await _prepared(api)
        token = await _key(api, admin, name="k", access="read")
        given = {
            "accept": "text/event-stream",
            "authorization": f"Bearer {token}",
            **headers,
        }
        path = f"/api/v1/watch/{admin.place.slug}/base"
        connection = Connection()
        scope = scope_of("GET", path, given, query)
        answered = await api.services.watches.answer(scope, connection.receive, connection.send)
        assert not answered
        assert connection.start is None
        for missing in ("nowhere", "base2"):
            scope = scope_of("GET", path.replace("/base", f"/{missing}"), given)
            assert not await api.services.watches.answer(scope, connection.receive, connection.send)
