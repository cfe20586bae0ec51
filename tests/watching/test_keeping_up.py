"""Replicas come up to the last revision whatever else goes on in them."""

import asyncio
from typing import Any

import pytest
import sqlalchemy.exc

from central_config.configurations import cache
from central_config.configurations.cache import Step
from central_config.configurations.service.edits import Wish
from central_config.configurations.store import loading
from central_config.core.db import lost_connection, snapshot_transaction, transaction
from central_config.core.problems import Problem
from central_config.workspaces.service import lock_one
from tests.watching.conftest import Process

pytestmark = pytest.mark.anyio


def _set(key: str, value: Any) -> Wish:
    return Wish("base", key, "set", value)


def test_a_full_pool_means_not_ready() -> None:
    assert lost_connection(sqlalchemy.exc.TimeoutError("QueuePool limit"))


async def test_consistent_reads_outnumbering_the_pool_load_anew(
    process: Process, other: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await process.workspace()
    snapshots = process.services.snapshots
    await process.put(admin, _set("a", 0))
    monkeypatch.setattr(cache, "REPLAY_LIMIT", 2)  # stands for the size of a large import
    revision = await other.put(admin, *[_set(f"k{n}", n) for n in range(5)])
    async with asyncio.timeout(10):
        found = await asyncio.gather(*[snapshots.fresh(admin.place.id) for _ in range(20)])
    assert {state.revision for state in found} == {revision}


async def test_whoever_holds_a_connection_waits_for_no_lock(
    process: Process, other: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer has the row and one connection; the other one is not there for it."""
    admin = await process.workspace()
    services = process.services
    monkeypatch.setattr(cache, "REPLAY_LIMIT", 2)
    revision = await other.put(admin, *[_set(f"k{n}", n) for n in range(5)])
    async with services.database.connect(), transaction(services.database) as connection:
        reading = asyncio.create_task(services.snapshots.fresh(admin.place.id))
        await asyncio.sleep(0.1)
        locked = await lock_one(connection, admin.place.id)
        async with asyncio.timeout(1):
            state = await services.snapshots.bring_up(connection, locked.id, locked.revision)
        assert state.revision == revision
    assert (await reading).revision == revision


async def test_what_is_loaded_meanwhile_does_not_go_backwards(
    process: Process, other: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await process.workspace()
    snapshots = process.services.snapshots
    await process.put(admin, _set("a", 0))
    await other.put(admin, *[_set(f"k{n}", n) for n in range(5)])
    heard: list[Step] = []
    snapshots.listen(heard.append)
    monkeypatch.setattr(cache, "REPLAY_LIMIT", 2)
    async with snapshot_transaction(other.services.database) as old:
        read_last = loading.secret_keys
        loaded, go_on = asyncio.Event(), asyncio.Event()

        async def slowly(*asked: Any) -> Any:
            found = await read_last(*asked)
            loaded.set()
            await go_on.wait()
            return found

        monkeypatch.setattr(loading, "secret_keys", slowly)
        behind = asyncio.create_task(
            snapshots.bring_up(old, admin.place.id, heard_until(snapshots, admin.place.id) + 1)
        )
        await loaded.wait()
        monkeypatch.setattr(loading, "secret_keys", read_last)
        async with asyncio.timeout(10):
            revision = await process.put(admin, _set("a", 1))
        held = snapshots.peek(admin.place.id)
        go_on.set()
        assert (await behind).revision == revision
    assert held is not None
    assert snapshots.peek(admin.place.id) is held
    revisions = [step.revision for step in heard]
    assert revisions == sorted(set(revisions))


def heard_until(snapshots: cache.Snapshots, workspace_id: Any) -> int:
    state = snapshots.peek(workspace_id)
    assert state is not None
    return state.revision


async def test_many_follow_one_workspace_at_a_time(process: Process, other: Process) -> None:
    """Each revision is heard once and in order, environments and rules among them."""
    admin = await process.workspace()
    snapshots, database = process.services.snapshots, other.services.database
    await snapshots.get(admin.place.id)
    revision = 0
    for n in range(3):
        await other.put(admin, _set("a", n))
        await other.environment(admin, f"e{n}", "base")
        revision = await other.put(admin, _set("b", n), Wish(f"e{n}", "c", "set", n))
    heard: list[int] = []
    snapshots.listen(lambda step: heard.append(step.revision))

    async def follow() -> None:
        async with snapshot_transaction(database) as connection:
            await snapshots.bring_up(connection, admin.place.id, revision)

    before = heard_until(snapshots, admin.place.id)
    await asyncio.gather(*[follow() for _ in range(8)])
    assert heard == list(range(before + 1, revision + 1))
    cold = await cache.Snapshots(database, other.services.vault).get(admin.place.id)
    warm = await snapshots.get(admin.place.id)
    for environment in cold.topology.by_id:
        assert list(warm.entries(environment, "")) == list(cold.entries(environment, ""))


async def test_a_state_loaded_in_a_transaction_knows_nothing_uncommitted(process: Process) -> None:
    admin = await process.workspace()
    process.services.snapshots.drop(admin.place.id)
    async with transaction(process.services.database) as connection:
        locked = await lock_one(connection, admin.place.id)
        await connection.exec_driver_sql("UPDATE cc_environment SET slug = 'never-' || slug")
        state = await process.services.snapshots.bring_up(connection, locked.id, locked.revision)
        await connection.rollback()
    assert set(state.topology.by_slug) == {"base", "prod"}


async def test_one_broken_workspace_does_not_stop_the_others(
    process: Process, other: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = process.services
    admins = [await process.workspace() for _ in range(3)]
    broken = admins[1].place.id
    before = await services.snapshots.get(broken)
    for admin in admins:
        await services.snapshots.fresh(admin.place.id)
        await other.put(admin, _set("a", 1))
    behind = before.revision
    confirmed: list[bool] = []
    monkeypatch.setattr(services.snapshots, "confirm", lambda: confirmed.append(True))
    apply = cache.apply
    errors = iter((ValueError("a bug"), Problem("invalid-request", "too deep")))

    def failing(state: Any, *more: Any) -> Any:
        if state.workspace_id == broken:
            raise next(errors)
        return apply(state, *more)

    monkeypatch.setattr(cache, "apply", failing)
    for _ in range(2):
        await services.relay.catch_up()
        held = services.snapshots.held
        assert [held[admin.place.id].revision - behind for admin in admins] == [1, 0, 1]
        assert not confirmed
    monkeypatch.setattr(cache, "apply", apply)
    await services.relay.catch_up()
    assert services.snapshots.held[broken].revision == behind + 1
    assert confirmed


async def test_a_lost_connection_ends_the_round(
    process: Process, other: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await process.workspace()
    await process.services.snapshots.fresh(admin.place.id)
    await other.put(admin, _set("a", 1))

    async def lost(*_asked: Any) -> Any:
        raise ConnectionResetError

    monkeypatch.setattr(process.services.snapshots, "bring_up", lost)
    with pytest.raises(ConnectionResetError):
        await process.services.relay.catch_up()
