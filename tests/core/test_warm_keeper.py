"""Who writes copies of workspaces, and what they cost while Redis is away."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from central_config.configurations.cache import Snapshots, keeper
from central_config.configurations.store import warm
from central_config.configurations.store.warm import WarmStore
from tests.core.warm_world import KEYS, World
from tests.support.api import free_port

pytestmark = pytest.mark.anyio


async def test_the_keeper_writes_prolongs_and_replaces(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "WORTH", 3)
    redis, name = world.store._redis, world.store._name(world.id)
    await world.put("app/a", 1)
    await world.keeper.look()
    assert not await redis.exists(name), "too small to be worth it"
    for key in KEYS:
        await world.put(key, 1)
    await world.keeper.look()
    meta, left = await world.store.look(world.id)
    assert meta is not None
    assert left > 290
    await redis.expire(name, 200)
    await world.keeper.look()
    assert (await world.store.look(world.id))[1] > 290, "current, so it lives on"
    revision = await world.put("app/a", 2)
    await world.keeper.look()
    meta, _ = await world.store.look(world.id)
    assert meta is not None
    assert meta.revision == revision
    monkeypatch.setattr(keeper, "_BEHIND", 1)
    await world.put("app/a", 3)
    await world.keeper.look()
    assert (await world.store.look(world.id))[0] == meta, "hardly behind"
    for key in [name, *[key async for key in redis.scan_iter(f"{name}:*")]]:
        await redis.expire(key, 90)
    await world.keeper.look()
    replaced, left = await world.store.look(world.id)
    assert replaced is not None
    assert (replaced.revision, left > 290) == (revision + 1, True)
    old = [await redis.ttl(key) async for key in redis.scan_iter(f"{name}:{revision}:*")]
    assert all(seconds <= warm.OUTLIVED_BY for seconds in old)
    state, source = await world.cold(warm=True)
    assert (state.revision, source) == (revision + 1, "redis")


async def test_one_process_at_a_time_writes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "WORTH", 1)
    await world.put("app/a", 1)
    lock = world.store.lock(world.id)
    assert await lock.acquire()
    await world.keeper.look()
    assert (await world.store.look(world.id))[0] is None
    await lock.release()
    await asyncio.gather(*[world.keeper.look() for _ in range(5)])
    assert (await world.cold(warm=True))[1] == "redis"


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(50)
        held: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    held.append(listening.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}/0"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for each in held:
            each.close()


@pytest.mark.parametrize("how", ["gone", "silent"])
async def test_redis_away_costs_little_and_only_once(world: World, how: str) -> None:
    await world.put("app/a", 1)
    await world.copy()
    with silent() as address:
        url = address if how == "silent" else f"redis://127.0.0.1:{free_port()}/0"
        settings = world.settings.model_copy(
            update={"redis_url": type(world.settings.redis_url)(url)}
        )
        store = WarmStore.of(settings, world.api.services.vault)
        assert store is not None
        began = time.monotonic()
        assert await store.fetch(world.id) is None
        took = time.monotonic() - began
        began = time.monotonic()
        assert await store.fetch(world.id) is None
        again = time.monotonic() - began
        services = world.api.services
        state = await Snapshots(services.database, services.vault, store).get(world.id)
        await store.close()
    assert took < 0.3
    assert again < 0.05
    assert state.count() == 1
