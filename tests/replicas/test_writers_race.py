"""Many writers on two replicas at once, with everything that can come between them.

Each writer counts up keys by compare-and-set on what it saw last. Whatever way a batch went - at
once, on top of one under way, under lock - nothing acknowledged may be lost, done twice or out of
order, and the audit chain stays whole.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from central_config.audit.model import Event
from central_config.audit.service import AuditService, record
from central_config.configurations.model.cells import Site
from central_config.configurations.model.changes import REMOVE, SET, Condition, Outcome
from central_config.configurations.service.edits import Wish
from central_config.configurations.service.publishing import Publishing
from central_config.configurations.service.topologies import Environments
from central_config.core import writer as group
from central_config.core.clock import SystemClock
from central_config.core.db import connect_arguments, transaction
from central_config.core.ids import new_id
from central_config.core.json import decode
from central_config.core.problems import Problem
from central_config.core.settings import Settings
from central_config.workspaces.model import Environment
from tests.properties.rig import Rig, internals

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

KEYS = ("a", "b", "c/d")
WRITERS = 12
SECONDS = 4.0


@pytest.fixture
async def rig(settings: Settings) -> AsyncIterator[Rig]:
    made = Rig(settings, [])
    await made.open()
    for slug, parent in (("base", None), ("leaf", "base")):
        environment = Environment(new_id(), slug, None, requires_approval=False)
        await made.part(0, Environments).create(made.admin, environment, parent)
    yield made
    for services in made.replicas:
        await services.stop()


class Race:
    """Who writes, and what was acknowledged."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.done = Counter[tuple[str, str]]()
        self.revisions: list[int] = []
        self.unknown = 0
        self._ends = asyncio.get_running_loop().time() + SECONDS

    @property
    def goes_on(self) -> bool:
        return asyncio.get_running_loop().time() < self._ends

    async def count_up(self, replica: int, seed: int) -> None:
        """Add one to random keys, by compare-and-set on the revision the value was read at."""
        drawn = random.Random(seed)  # noqa: S311 - the same race twice
        publishing: Publishing = self.rig.part(replica, Publishing)
        while self.goes_on:
            place = drawn.choice(("base", "leaf")), drawn.choice(KEYS)
            state = await self.rig.state(replica)
            site = Site(state.topology.by_slug[place[0]].id, place[1])
            cell = state.own(site)
            value: Any = 0 if cell is None or not cell.body else decode(cell.body)
            condition = Condition(since=state.revision, required=True)
            wish = Wish(*place, SET, value + 1)
            try:
                outcome = await publishing.write(
                    self.rig.admin, [wish], message="", condition=condition
                )
            except Problem as problem:
                if problem.code not in {"revision-conflict", "not-ready"}:
                    raise
                self.unknown += problem.code == "not-ready"
                if problem.code == "revision-conflict":
                    await self.rig.catch_up(replica)
                continue
            assert isinstance(outcome, Outcome)
            assert outcome.changed
            self.done[place] += 1
            self.revisions.append(outcome.revision)

    async def other_writes(self) -> None:
        """What goes under lock: secrets, descriptions, several environments, removals."""
        publishing: Publishing = self.rig.part(1, Publishing)
        for number in range(10_000):
            if not self.goes_on:
                return
            wishes = [
                Wish("base", f"s/{number % 3}", SET, f"hidden {number}", secret=True),
                Wish("leaf", f"s/{number % 3}", SET, number, description="said"),
            ]
            if number % 3 == 2:
                wishes = [Wish("base", f"s/{number % 3 - 1}", REMOVE)]
            with contextlib.suppress(Problem):
                result = await publishing.write(
                    self.rig.admin, wishes, message="", condition=Condition(), kind="change"
                )
                assert isinstance(result, Outcome)
                if result.changed:
                    self.revisions.append(result.revision)
            await asyncio.sleep(0.02)

    async def other_events(self) -> None:
        """Events of the same chain that no revision goes with, and an environment that changes."""
        clock = SystemClock()
        environments: Environments = self.rig.part(1, Environments)
        for number in range(10_000):
            if not self.goes_on:
                return
            async with transaction(self.rig.replicas[0].database) as connection:
                event = Event("value.revealed", "x", self.rig.admin.actor, self.rig.place.id)
                await record(connection, [event], clock)
            if number % 5 == 0:
                values = {"description": f"turn {number}"}
                await environments.update(self.rig.admin, "leaf", values)
            await asyncio.sleep(0.03)

    async def cut(self, settings: Settings) -> None:
        """End connections of both replicas now and then, the writers' own among them."""
        connection = await asyncpg.connect(**connect_arguments(settings.require_database_url()))
        while self.goes_on:
            await asyncio.sleep(0.4)
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                "pg_backend_pid() AND datname = current_database() AND query LIKE '%published AS%'"
            )
        await connection.close()


async def settled(race: Race, rig: Rig, *, exact: bool) -> None:
    """Check what must hold when everybody has stopped."""
    for replica in (0, 1):
        await rig.catch_up(replica)
    cold = await rig.cold()
    for replica in (0, 1):
        assert internals(await rig.state(replica)) == internals(cold)
    assert await rig.audit_is_whole()
    assert len(set(race.revisions)) == len(race.revisions)
    total = 0
    for (slug, key), count in race.done.items():
        cell = cold.own(Site(cold.topology.by_slug[slug].id, key))
        assert cell is not None
        value: Any = decode(cell.body)
        assert value == cell.version
        assert value >= count
        total += value - count
    if exact:
        assert total == 0
    else:
        assert total <= race.unknown
    await _books_agree(rig)


async def _books_agree(rig: Rig) -> None:
    """One revision, change and audit event for each publication, in the same order and time."""
    page = await rig.part(0, AuditService).page({"chain": rig.place.id}, None, 100_000)
    events = [each for each in reversed(page) if each.action == "change.published"]
    told = [decode(each.details) for each in events]
    async with rig.replicas[0].database.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        rows = await driver.fetch(
            "SELECT r.revision, r.published_at, c.id::text AS id, c.revision AS said, "
            "c.published_at AS at, c.edit_count, (SELECT count(*) FROM cc_version AS v WHERE "
            "v.workspace_id = r.workspace_id AND v.revision = r.revision) AS versions "
            "FROM cc_revision AS r LEFT JOIN cc_change AS c ON c.id = r.change_id "
            "WHERE r.workspace_id = $1 ORDER BY r.revision",
            rig.place.id,
        )
    assert [row["revision"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["published_at"] for row in rows] == sorted(row["published_at"] for row in rows)
    changes = [row for row in rows if row["id"] is not None]
    assert [each["revision"] for each in told] == [row["revision"] for row in changes]
    assert [each.target for each in events] == [row["id"] for row in changes]
    for row in changes:
        assert (row["said"], row["at"]) == (row["revision"], row["published_at"])
        assert 1 <= row["versions"] <= row["edit_count"]


async def test_one_replica_alone(rig: Rig) -> None:
    race = Race(rig)
    await asyncio.gather(*(race.count_up(0, seed) for seed in range(WRITERS)))
    await settled(race, rig, exact=True)
    assert sum(race.done.values()) > 100


async def test_two_replicas_and_all_that_comes_between(rig: Rig) -> None:
    race = Race(rig)
    await asyncio.gather(
        *(race.count_up(seed % 2, seed) for seed in range(WRITERS)),
        race.other_writes(),
        race.other_events(),
    )
    await settled(race, rig, exact=True)
    assert sum(race.done.values()) > 20


async def test_connections_that_are_cut(rig: Rig, settings: Settings) -> None:
    race = Race(rig)
    await asyncio.gather(
        *(race.count_up(seed % 2, seed) for seed in range(WRITERS)), race.cut(settings)
    )
    await settled(race, rig, exact=False)
    assert sum(race.done.values()) > 20


async def test_the_quick_way_is_taken(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its first write a process needs no lock, until another one has written."""
    locked = 0
    way: Callable[..., Awaitable[Any]] = group.GroupWriter._settle

    async def counted(self: Any, waiting: Any) -> None:
        nonlocal locked
        locked += 1
        await way(self, waiting)

    monkeypatch.setattr(group.GroupWriter, "_settle", counted)
    publishing = [rig.part(replica, Publishing) for replica in (0, 1)]

    async def write(replica: int, value: int) -> None:
        wish = Wish("leaf", "a", SET, value)
        await publishing[replica].write(
            rig.admin, [wish], message="", condition=Condition(), kind="write"
        )

    taken: list[int] = []
    for number, replica in enumerate((0, 0, 0, 1, 1, 1, 0, 0)):
        before = locked
        await write(replica, number)
        taken.append(locked - before)
    assert taken == [1, 0, 0, 1, 0, 0, 1, 0]


async def test_what_is_checked_on_top_of_a_batch_sees_it(rig: Rig) -> None:
    """A write that comes while another is committed is checked as if that were committed."""
    publishing: Publishing = rig.part(0, Publishing)

    async def write(key: str, action: str, value: Any, since: int | None = None) -> Any:
        wish = Wish("leaf", key, action, value)
        condition = Condition(since=since)
        return await publishing.write(rig.admin, [wish], message="", condition=condition)

    async def on_top(first: tuple[Any, ...], second: tuple[Any, ...]) -> list[Any]:
        under_way = asyncio.create_task(write(*first))
        for _ in range(100):
            if rig.replicas[0].writer._under_way is not None:
                break
            await asyncio.sleep(0)
        assert rig.replicas[0].writer._under_way is not None
        return list(await asyncio.gather(under_way, write(*second), return_exceptions=True))

    begun = await write("target", SET, "here")
    removed, referring = await on_top(("target", REMOVE, None), ("user", SET, "${target}"))
    assert removed.revision == begun.revision + 1
    assert isinstance(referring, Problem)
    assert referring.code == "reference-unresolved"
    created, referring = await on_top(("target", SET, "again"), ("user", SET, "${target}"))
    assert (referring.revision, referring.created) == (created.revision + 1, True)
    written, same = await on_top(("other", SET, 1), ("other", SET, 1))
    assert (same.revision, same.changed, same.versions) == (written.revision, False, (1,))
    written, late = await on_top(("other", SET, 2), ("other", SET, 3, written.revision))
    assert isinstance(late, Problem)
    assert late.code == "revision-conflict"
    assert late.extra["current_revision"] == written.revision
    changed, seen = await on_top(("target", SET, "new"), ("user", SET, "<${target}>"))
    assert seen.revision == changed.revision + 1
    state = await rig.state(0)
    served = state.served(Site(state.topology.by_slug["leaf"].id, "user"))
    assert served is not None
    assert served.body == b'"<new>"'
    assert internals(state) == internals(await rig.cold())


async def test_a_full_queue_refuses_and_goes_on(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "QUEUE_LIMIT", 20)
    monkeypatch.setattr(group, "BATCH_LIMIT", 4)
    publishing: Publishing = rig.part(0, Publishing)

    async def write(number: int) -> Any:
        wish = Wish("leaf", f"k{number}", SET, number)
        return await publishing.write(rig.admin, [wish], message="", condition=Condition())

    await write(1000)
    found = await asyncio.gather(*(write(each) for each in range(60)), return_exceptions=True)
    refused = [each for each in found if isinstance(each, Problem)]
    assert refused
    assert {(each.code, each.retry_after) for each in refused} == {("queue-full", 1)}
    written = [each for each in found if isinstance(each, Outcome)]
    assert len(written) + len(refused) == 60
    state = await rig.state(0)
    assert state.revision == max(each.revision for each in written)
    assert len({each.revision for each in written}) == len(written)
    await write(1001)
