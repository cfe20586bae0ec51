"""Copies of workspaces in Redis: they make the same state as PostgreSQL, or are not used at all."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog.testing

from central_config.configurations.cache import filling
from central_config.configurations.model.cells import as_secret
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.store import warm
from central_config.core.settings import Settings
from tests.core.warm_world import KEYS, World
from tests.properties.rig import internals
from tests.support.asgi import running

pytestmark = pytest.mark.anyio

STEPS = 60


def same(left: WorkspaceState, right: WorkspaceState) -> None:
    assert internals(left) == internals(right)
    assert left.published_at == right.published_at


async def test_the_same_state_as_from_postgresql(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random histories, copied at random moments, some with a chunk for every few cells."""
    used = asked = 0
    async with running(settings) as api:
        for seed in (1, 2, 3):
            world = World(api, settings, seed)
            if seed == 1:
                await world.prepare()
                first = world
            world.id, world.session, world.slugs = first.id, first.session, first.slugs
            monkeypatch.setattr(warm, "CHUNK", (3, 7, 2000)[seed - 1])
            for number in range(STEPS):
                await world.step()
                if world.random.random() < 0.08 or number == 0:
                    await world.copy()
                    written = (await api.services.snapshots.get(world.id)).revision
                    then = {
                        e: dict(v) for e, v in served(await api.services.snapshots.get(world.id))
                    }
                if world.random.random() < 0.3:
                    plain, _ = await world.cold(warm=False)
                    found, source = await world.cold(warm=True)
                    asked, used = asked + 1, used + (source == "redis")
                    same(found, plain)
                    now = dict(served(found))
                    for environment, since in found.modified.items():
                        # Whoever has a revision after `since` is told that nothing has changed.
                        assert since <= found.revision
                        if source == "redis" and since <= written:
                            assert now[environment] == then[environment]
    # Else the test compares PostgreSQL with itself.
    assert used > asked / 2


def served(state: WorkspaceState) -> Iterator[tuple[UUID, dict[str, Any]]]:
    for each in state.topology.by_id:
        yield each, {key: (found.body, found.secret) for key, found in state.entries(each)}


async def test_a_copy_of_another_past_is_not_used(world: World) -> None:
    """As after a database was restored: the number is the same, the revision is not."""
    await world.put("app/a", "first")
    await world.copy()
    assert (await world.cold(warm=True))[1] == "redis"
    await world.sql(
        """UPDATE cc_revision SET published_at = published_at + interval '1 second'
           WHERE revision = (SELECT max(revision) FROM cc_revision)"""
    )
    await world.sql("""UPDATE cc_configuration SET body = '"second"' WHERE key = 'app/a'""")
    state, source = await world.cold(warm=True)
    assert source == "postgresql"
    assert [found.body for _, found in state.entries(next(iter(state.topology.by_id)))] == [
        b'"second"'
    ]


async def test_a_copy_ahead_of_the_database_is_not_used(world: World) -> None:
    await world.put("app/a", 1)
    await world.copy()
    await world.sql("UPDATE cc_workspace SET revision = revision - 1")
    assert (await world.cold(warm=True))[1] == "postgresql"


async def test_a_copy_far_behind_is_not_used(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.put("app/a", 0)
    await world.copy()
    monkeypatch.setattr(filling, "REPLAY_LIMIT", 3)
    for number in range(1, 4):
        await world.put("app/a", number)
    assert (await world.cold(warm=True))[1] == "redis"
    await world.put("app/a", 4)
    plain, _ = await world.cold(warm=False)
    found, source = await world.cold(warm=True)
    assert source == "postgresql"
    same(found, plain)


@pytest.mark.parametrize(
    "damage", ["missing", "changed", "swapped", "cut", "mixed", "nonsense", "form"]
)
async def test_a_damaged_copy_is_not_used(
    world: World, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr(warm, "CHUNK", 2)
    for key in KEYS:
        await world.put(key, key)
    await world.copy()
    redis, name = world.store._redis, world.store._name(world.id)
    chunks = sorted([key async for key in redis.scan_iter(f"{name}:*")])
    assert len(chunks) == len(KEYS) / 2
    first, second = await redis.get(chunks[0]), await redis.get(chunks[1])
    match damage:
        case "missing":
            await redis.delete(chunks[1])
        case "changed":
            await redis.set(chunks[0], first[:-1] + bytes([first[-1] ^ 1]))
        case "swapped":
            await redis.mset({chunks[0]: second, chunks[1]: first})
        case "cut":
            await redis.set(chunks[0], first[:10])
        case "mixed":
            # Another copy of a revision with the same number, half of it.
            meta, _ = await world.store.look(world.id)
            assert meta is not None
            state = world.api.services.snapshots.peek(world.id)
            assert state is not None
            layers = {
                each: {key: as_secret(cell) for key, cell in state.layer(each).items()}
                for each in state.topology.by_id
            }
            await world.store.write(world.id, meta, layers, None)
            await redis.set(chunks[0], first)
        case "form":
            monkeypatch.setattr(warm, "FORM", 2)
        case _:
            await redis.set(name, b"nonsense")
    plain, _ = await world.cold(warm=False)
    with structlog.testing.capture_logs() as said:
        found, source = await world.cold(warm=True)
    assert source == "postgresql"
    assert damage == "form" or any("not read" in line["event"] for line in said)
    same(found, plain)


async def test_nothing_in_redis_is_in_clear(world: World) -> None:
    path = "/config/shop/prod/db/password"
    await world.call("PUT", path, {"value": "hunter2-and-more", "secret": True})
    await world.put("app/a", "a plain text that would be found")
    await world.copy()
    redis, name = world.store._redis, world.store._name(world.id)
    kept = [await redis.get(key) async for key in redis.scan_iter(f"{name}*")]
    assert len(kept) >= 3
    for value in kept:
        for text in (b"hunter2", b"plain text", b"db/password", b"app/a"):
            assert text not in value
