"""Plans about the past: who changed what when, why a value is what it is, what nobody touches."""

from datetime import datetime

import pytest

from central_config.configurations.model.cells import Site
from central_config.configurations.model.counts import ReadCounts
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


async def test_unsupported_runs_nothing(world: World) -> None:
    rows = await world.run("unsupported", reason="write")
    assert (rows.columns, rows.rows, rows.total) == ((), (), 0)
