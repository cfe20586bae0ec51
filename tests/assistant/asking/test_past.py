"""Plans about the past: who changed what when, why a value is what it is, what nobody touches."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from central_config.assistant.service import executing, searching
from central_config.assistant.service.uses import Uses
from central_config.configurations.model.cells import Site
from central_config.configurations.model.counts import ReadCounts
from central_config.configurations.service.history import History
from central_config.configurations.store import past
from central_config.core.db import pool_use
from central_config.core.pace import STRIDE
from central_config.core.problems import Problem
from tests.assistant.asking.conftest import World, drop, now, put

pytestmark = pytest.mark.anyio


async def _history(world: World) -> None:
    await world.publish("ann", put("base", "db/host", "a"), put("base", "pw", "x", secret=True))
    await world.publish("bob", put("prod", "db/host", "b"), message="bigger machine")
    await world.publish("bob", drop("prod", "db/host"))


async def test_changes_newest_first(world: World) -> None:
    await _history(world)
    rows = await world.run("changes")
    revisions = [each[0] for each in rows.ids]
    assert revisions == sorted(revisions, reverse=True)
    assert [each[1:] for each in rows.ids] == [
        ("prod", "db/host"), ("prod", "db/host"), ("base", "db/host"), ("base", "pw"),
    ]  # fmt: skip
    table = [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]
    assert [each["value"] for each in table] == [None, "b", "a", "******"]
    assert [each["action"] for each in table] == ["remove", "set", "set", "set"]
    assert [each["by"] for each in table] == ["bob", "bob", "ann", "ann"]
    assert table[1]["message"] == "bigger machine"
    assert abs((datetime.fromisoformat(str(table[0]["when"])) - now()).total_seconds()) < 60


async def test_changes_by_every_condition(world: World) -> None:
    await _history(world)

    async def keys(**conditions: object) -> list[str]:
        return [each.partition(":")[2] for each in await world.found("changes", **conditions)]

    assert await keys(newest=False) == ["base:db/host", "base:pw", "prod:db/host", "prod:db/host"]
    assert await keys(environments=("base",)) == ["base:db/host", "base:pw"]
    assert await keys(key="pw") == ["base:pw"]
    assert await keys(prefix="db", author="ann") == ["base:db/host"]
    assert await keys(words=("HOST", "db/")) == ["prod:db/host", "prod:db/host", "base:db/host"]
    assert await keys(words=("_",)) == []  # a wildcard of LIKE is a letter here
    assert await keys(action="remove") == ["prod:db/host"]
    assert await keys(author="ann", secret=False) == ["base:db/host"]
    assert await keys(secret=True) == ["base:pw"]


async def test_changes_by_time(world: World) -> None:
    await world.publish("ann", put("base", "a", 1))
    await world.age(10)
    between = now().isoformat()
    await world.publish("ann", put("base", "b", 1))
    assert [each[2] for each in (await world.run("changes", since=between)).ids] == ["b"]
    assert [each[2] for each in (await world.run("changes", until=between)).ids] == ["a"]
    # The end is not part of the time, the beginning is.
    at = (await world.run("changes", key="b")).rows[0][1]
    assert (await world.run("changes", key="b", since=at)).total == 1
    assert (await world.run("changes", key="b", until=at)).total == 0


async def test_changes_are_counted_beyond_what_is_shown(world: World) -> None:
    for number in range(5):
        await world.publish("ann", put("base", "a", number))
    rows = await world.run("changes", limit=2)
    assert (len(rows.rows), rows.total, rows.truncated) == (2, 5, True)
    assert (await world.run("changes", count=True)).rows == ((5,),)


async def test_a_scope_bounds_the_past(world: World) -> None:
    await _history(world)
    rows = await world.run("changes", who=world.key("prod", prefix="db/"))
    assert {each[1:] for each in rows.ids} == {("prod", "db/host")}
    assert not (await world.run("changes", who=world.key("prod", prefix="web/"))).ids
    assert (await world.run("changes", who=world.key("prod", prefix="web/"), count=True)).total == 0
    with pytest.raises(Problem, match="environment-not-found"):
        await world.run("changes", who=world.key("prod"), environments=("base",))


async def test_compare(world: World) -> None:
    await world.publish(
        "ann",
        put("staging", "only-left", 1), put("prod", "only-right", 2),
        put("base", "same", 3), put("staging", "db/size", 5), put("prod", "db/size", 50),
    )  # fmt: skip
    await world.publish("bob", put("staging", "pw", "x", secret=True), put("prod", "pw", "y"))
    sides = {"environments": ("staging", "prod")}
    rows = await world.run("compare", **sides)
    assert rows.columns == ("key", "kind", "staging", "prod")
    assert rows.rows == (
        ("db/size", "changed", 5, 50),
        ("only-left", "removed", 1, None),
        ("only-right", "added", None, 2),
        ("pw", "changed", "******", "******"),
    )
    assert await world.found("compare", kinds=("added",), **sides) == ["only-right:added"]
    assert await world.found("compare", words=("SIZE",), **sides) == ["db/size:changed"]
    assert await world.found("compare", prefix="only", limit=1, **sides) == ["only-left:removed"]
    assert await world.found("compare", secret=True, **sides) == ["pw:changed"]
    assert await world.found("compare", key="same", **sides) == []


async def test_a_secret_on_one_side_hides_the_other(world: World) -> None:
    await world.publish("ann", put("base", "pw", "hunter2", secret=True))
    await world.publish("ann", put("staging", "url", "db://hunter2@h"))
    await world.publish("ann", put("prod", "url", "dbs://${pw}@h"))
    sides = {"environments": ("staging", "prod")}
    for who in (world.vic, world.user("root")):
        rows = await world.run("compare", who=who, **sides)
        assert rows.rows == (("url", "changed", "******", "******"),)


@pytest.mark.parametrize("sides", [(), ("prod",), ("prod", "prod"), ("base", "prod", "staging")])
async def test_a_comparison_has_two_sides(world: World, sides: tuple[str, ...]) -> None:
    with pytest.raises(Problem, match="two environments"):
        await world.run("compare", environments=sides)


async def test_explain(world: World) -> None:
    await world.publish("ann", put("base", "host", "h"), put("base", "url", "http://${host}"))
    await world.publish("bob", put("prod", "url", "https://${host}", description="the shop"))
    rows = await world.run("explain", environments=("prod",), key="url")
    assert rows.ids == (("prod", "url"),)
    table = [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]
    assert [(each["environment"], each["supplies"], each["by"]) for each in table] == [
        ("prod", True, "bob"), ("base", False, "ann"),
    ]  # fmt: skip
    assert rows.notes == (
        'prod serves "https://h"', '${host} leads to prod:host, which is "h"', "the shop",
    )  # fmt: skip
    absent = await world.run("explain", environments=("prod",), key="nothing")
    assert (absent.ids, absent.notes) == ((), ("prod has no key nothing",))
    hidden = await world.run(
        "explain", who=world.key("prod", prefix="db"), environments=("prod",), key="url"
    )
    assert hidden.notes == ("prod has no key url",)


async def test_secrets_are_masked_in_explanations(world: World) -> None:
    await world.publish("ann", put("base", "pw", "hunter2", secret=True))
    await world.publish("ann", put("base", "url", "db://${pw}@h"))
    for key in ("pw", "url"):
        rows = await world.run("explain", who=world.user("root"), environments=("base",), key=key)
        assert "hunter2" not in f"{rows.rows}{rows.notes}"


async def test_what_nobody_changed(world: World) -> None:
    await world.publish("ann", put("base", "old", 1))
    await world.age(100)
    await world.publish("ann", put("base", "new", 1), put("prod", "old", 2))
    found = await world.found("stale", idle="changed", days=99)
    assert found == ["base:old", "staging:old"]
    assert await world.found("stale", idle="changed", days=101) == []


async def test_what_nobody_read(world: World) -> None:
    await world.publish("ann", put("base", "used", 1), put("base", "unused", 1))
    await world.age(100)
    await world.publish("ann", put("base", "fresh", 1))
    unknown = await world.run("stale", days=30)
    assert (unknown.ids, unknown.notes) == (
        (), ("reads are not counted yet: nothing can be said",),
    )  # fmt: skip
    state = await world.services.snapshots.get(world.place.id)
    base = state.topology.find("base").id
    counts = ReadCounts()
    counts.key(base, "used")
    await world.uses.flush(counts)
    early = await world.run("stale", days=30)
    assert not early.ids
    assert "nothing can be said of 30 days yet" in early.notes[0]
    await world.sql("UPDATE cc_use_counting SET began_at = began_at - interval '60 days'")
    assert await world.found("stale", days=30, environments=("base",)) == ["base:unused"]
    assert Site(base, "used") not in (await world.uses.idle(state, [Site(base, "used")], 30)).unused
    assert await world.found("stale", days=30, words=("use",), environments=("base",), limit=1) == [
        "base:unused"
    ]


async def test_who_is_unread_is_asked_for_some_hundred_keys_at_a_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    edits = [put(name, f"k{n:02}", n) for n in range(40) for name in ("base", "prod")]
    await world.publish("ann", *edits)
    await world.age(100)
    state = await world.services.snapshots.get(world.place.id)
    counts = ReadCounts()
    counts.key(state.topology.find("prod").id, "k03")
    counts.part(state.topology.find("base").id, "k04")
    asked: list[int] = []
    sort = Uses.sort

    async def hear(self: Uses, question: Any, state: Any, sites: Any) -> Any:
        # None is held while it is thought.
        assert pool_use(world.services.database)[0] == 0
        asked.append(len(sites))
        return await sort(self, question, state, sites)

    monkeypatch.setattr(Uses, "sort", hear)
    monkeypatch.setattr(searching, "TOGETHER", 4)
    await world.uses.flush(counts)
    assert not (await world.run("stale", days=30)).ids
    assert asked == []  # reads have not been counted for so long: no key is looked at
    await world.sql("UPDATE cc_use_counting SET began_at = began_at - interval '60 days'")
    rows = await world.run("stale", days=30, environments=("prod", "base"), limit=3)
    assert rows.ids == (("base", "k00"), ("base", "k01"), ("base", "k02"))
    assert rows.total == 78
    assert rows.notes == ("1 more were read only as part of a whole prefix or environment",)
    assert sum(asked) == 80
    assert max(asked) <= 4 + STRIDE


async def test_what_is_published_between_the_two_looks_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.publish("ann", put("base", "a", 1))
    published = History.published
    meanwhile = [put("base", "b", 2)]

    async def late(self: History, *given: Any, **more: Any) -> set[int]:
        found = await published(self, *given, **more)
        if meanwhile:
            await world.publish("ann", meanwhile.pop())
        return found

    monkeypatch.setattr(History, "published", late)
    rows = await world.run("find", author="ann", environments=("base",))
    assert rows.ids == (("base", "a"), ("base", "b"))
    state = await world.services.snapshots.get(world.place.id)
    assert rows.revision == state.revision


async def test_changes_are_counted_to_a_bound_and_for_a_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await world.publish("ann", put("base", "a", number), put("base", "b", number))
    monkeypatch.setattr(executing, "COUNTED", 4)
    rows = await world.run("changes", limit=1)
    assert (rows.total, rows.truncated, rows.notes) == (5, True, ("more than 10,000",))
    assert (await world.run("changes", count=True, limit=1)).rows == (("more than 10,000",),)
    monkeypatch.setattr(executing, "COUNTED", 6)
    assert (await world.run("changes", count=True, limit=1)).rows == ((6,),)
    slow = text("SET LOCAL statement_timeout = '1ms'")
    monkeypatch.setattr(past, "_PATIENCE", slow)
    monkeypatch.setattr(past, "_COUNT", "SELECT count(pg_sleep(1)) FROM (SELECT 1")
    rows = await world.run("changes", limit=2)
    assert (rows.total, rows.truncated) == (3, True)
    assert rows.notes == ("more than can be counted in a moment",)


async def test_unsupported_runs_nothing(world: World) -> None:
    rows = await world.run("unsupported", reason="write")
    assert (rows.columns, rows.rows, rows.total) == ((), (), 0)
