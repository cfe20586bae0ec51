"""Watchers that come back together, and snapshots that go to many."""

import asyncio
import random
from typing import Any

import pytest

from central_config.configurations.service.edits import Wish
from central_config.configurations.store import loading
from central_config.watch import hub
from central_config.watch.model import Past, Subject, change_data
from central_config.watch.service import Watching
from tests.watching.conftest import Process

pytestmark = pytest.mark.anyio


async def test_watchers_that_resume_after_a_restart_load_the_past_once(
    process: Process, other: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await other.workspace()
    first = await other.put(admin, Wish("base", "a", "set", 0))
    for n in (1, 2):
        await other.put(admin, Wish("base", "a", "set", n))
    loads: list[int] = []
    read_past = loading.heads_at

    def counting(connection: Any, workspace_id: Any, revision: int, cipher: Any) -> Any:
        loads.append(revision)
        return read_past(connection, workspace_id, revision, cipher)

    monkeypatch.setattr(loading, "heads_at", counting)
    watching: Watching = process.services.by_type[Watching]
    opened = await asyncio.gather(*[watching.open(admin, "base", "", first) for _ in range(12)])
    assert loads == [first]
    assert {tuple(event.revision for event in backlog) for _, backlog in opened} == {
        (first + 1, first + 2)
    }


async def test_a_snapshot_is_rendered_once_for_all_who_watch_the_same(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await process.workspace()
    await process.put(admin, Wish("base", "a", "set", 0))
    watching: Watching = process.services.by_type[Watching]
    state = await process.services.snapshots.get(admin.place.id)
    opened = [
        await watching.open(admin, environment, "", state.revision)
        for environment in ("base", "prod", "base", "base", "prod")
    ]
    rendered: list[Any] = []
    snapshot = hub.snapshot

    def counting(*asked: Any) -> Any:
        rendered.append(asked)
        return snapshot(*asked)

    monkeypatch.setattr(hub, "snapshot", counting)
    await process.environment(admin, "further", "base")
    assert len(rendered) == 2
    heard = [event for watcher, _ in opened for event in watcher.take()]
    assert len(heard) == len(opened)
    assert {event.kind for event in heard} == {"snapshot"}
    assert heard[0] is heard[2]
    assert heard[0] != heard[1]


async def test_those_and_only_those_whose_prefix_changed_are_told_of_it(process: Process) -> None:
    admin = await process.workspace()
    watching: Watching = process.services.by_type[Watching]
    await process.services.snapshots.get(admin.place.id)
    dice = random.Random(1)  # noqa: S311 - a test's dice
    prefixes = ["", "a", "a/", "a/b", "a/b/", "ab", "a/b/c/d/e/f", "z"]
    present = process.services.snapshots.peek(admin.place.id)
    assert present is not None
    opened = [
        (await watching.open(admin, environment, prefix, present.revision))[0]
        for environment in ("base", "prod")
        for prefix in prefixes
    ]
    pasts: list[Past] = []
    process.services.snapshots.listen(
        lambda step: pasts.append(Past(step.revision, step.changes or []))
    )
    for number in range(40):
        keys = dice.sample(["a", "ab", "a/b", "a/b/c", "a/c", "b", "a/b/c/d/e/f/g"], 3)
        environment = dice.choice(["base", "prod"])
        await process.put(admin, *[Wish(environment, key, "set", number) for key in keys])
        told = [watcher.take() for watcher in opened]
        for watcher, events in zip(opened, told, strict=True):
            subject: Subject = watcher.audience.subject
            expected = change_data(pasts[-1], subject)
            assert [event.data for event in events] == ([] if expected is None else [expected])
    assert len(pasts) == 40
