"""Plans that find configurations: every filter, and what a caller may not learn by them."""

from typing import Any

import pytest

from central_config.assistant.model.plans import Plan
from central_config.assistant.model.wording import sentence
from central_config.assistant.service.engine.doubles import ScriptedEngine
from central_config.configurations.service.changing import Changing
from central_config.core.problems import Problem
from tests.assistant.asking.conftest import World, now, put

pytestmark = pytest.mark.anyio


async def test_a_key_is_listed_once_for_each_environment_that_serves_it(world: World) -> None:
    await world.publish("ann", put("base", "db/host", "a"), put("prod", "db/port", 5432))
    rows = await world.run("find")
    assert rows.ids == (
        ("base", "db/host"),
        ("prod", "db/host"),
        ("prod", "db/port"),
        ("staging", "db/host"),
    )
    origin = rows.columns.index("origin")
    assert [row[origin] for row in rows.rows] == ["base", "base", "prod", "base"]
    assert rows.total == 4
    assert not rows.truncated


async def test_own_and_inherited(world: World) -> None:
    await world.publish("ann", put("base", "a", 1), put("prod", "a", 2), put("base", "b", 3))
    assert await world.found("find", environments=("prod",), own=True) == ["prod:a"]
    assert await world.found("find", environments=("prod",), own=False) == ["prod:b"]


async def test_key_prefix_and_words(world: World) -> None:
    await world.publish("ann", *(put("base", key, 1) for key in ("db/Host", "db/port", "web/host")))
    base = {"environments": ("base",)}
    assert await world.found("find", key="db/port", **base) == ["base:db/port"]
    assert await world.found("find", key="db/portal", **base) == []
    assert await world.found("find", prefix="db/", **base) == ["base:db/Host", "base:db/port"]
    assert await world.found("find", words=("HOST",), **base) == ["base:db/Host", "base:web/host"]
    assert await world.found("find", words=("host", "db"), **base) == ["base:db/Host"]
    assert await world.found("find", key="db/port", prefix="web", **base) == []


@pytest.mark.parametrize(
    ("text", "how", "keys"),
    [
        ("5432", "equals", ["number", "text"]),
        ("true", "equals", ["flag"]),
        ("db.internal", "equals", ["host"]),
        ("DB.Internal", "equals", []),
        ("DB.Int", "contains", ["host", "url"]),
        ('{"a": [1]}', "equals", ["object"]),
        ("54", "contains", ["number", "text"]),
        ("null", "equals", ["nothing"]),
    ],
)
async def test_values(world: World, text: str, how: str, keys: list[str]) -> None:
    values = {
        "flag": True, "host": "db.internal", "nothing": None, "number": 5432,
        "object": {"a": [1]}, "text": "5432", "url": "http://${host}/x",
    }  # fmt: skip
    await world.publish("ann", *(put("base", key, value) for key, value in values.items()))
    found = await world.found("find", environments=("base",), value=text, value_is=how)
    assert found == [f"base:{key}" for key in keys]


async def test_secrets_are_masked_and_cannot_be_guessed(world: World) -> None:
    await world.publish("ann", put("base", "pw", "hunter2", secret=True), put("base", "who", "x"))
    await world.publish("ann", put("base", "url", "db://${pw}@h"))
    everyone = (world.vic, world.user("root"), world.key("base", secrets=True))
    for who in everyone:
        rows = await world.run("find", who=who, environments=("base",), secret=True)
        assert [row[1:3] for row in rows.rows] == [("pw", "******"), ("url", "******")]
        for how in ("equals", "contains"):
            assert not (await world.run("find", who=who, value="hunter2", value_is=how)).ids
    assert await world.found("find", environments=("base",), secret=False) == ["base:who"]


async def test_statuses(world: World) -> None:
    await world.publish(
        "ann",
        put("base", "old", 1, status="deprecated"),
        put("base", "kept", 2),
        put("prod", "kept", 3, status="archived"),
    )
    assert await world.found("find", status="deprecated") == ["base:old", "prod:old", "staging:old"]
    assert await world.found("find", status="archived") == ["prod:kept"]
    # What is archived is not served.
    assert await world.found("find", environments=("prod",)) == ["prod:old"]
    assert await world.found("find", status="active") == ["base:kept", "staging:kept"]


async def test_by_author_and_time_of_the_last_change(world: World) -> None:
    await world.publish("ann", put("base", "a", 1), put("base", "b", 1))
    between = now().isoformat()
    await world.publish("bob", put("base", "b", 2))
    await world.publish("bob", put("prod", "c", 2))
    base = {"environments": ("base",)}
    assert await world.found("find", author="ann", **base) == ["base:a"]
    assert await world.found("find", author="bob", **base) == ["base:b"]
    assert await world.found("find", since=between, **base) == ["base:b"]
    assert await world.found("find", until=between, **base) == ["base:a"]
    assert await world.found("find", author="nobody", **base) == []
    assert await world.found("find", author="bob", newest=True) == [
        "prod:c", "base:b", "prod:b", "staging:b",
    ]  # fmt: skip


async def test_order_and_limit(world: World) -> None:
    for number, key in enumerate("dbca"):
        await world.publish("ann", put("base", key, number))
    base = {"environments": ("base",)}
    assert await world.found("find", newest=True, limit=2, **base) == ["base:a", "base:c"]
    assert await world.found("find", newest=False, limit=3, **base) == [
        "base:d",
        "base:b",
        "base:c",
    ]
    rows = await world.run("find", limit=3, **base)
    assert [each[1] for each in rows.ids] == ["a", "b", "c"]
    assert rows.total == 4
    assert rows.truncated
    counted = await world.run("find", count=True, **base)
    assert (counted.rows, counted.total) == (((4,),), 4)


async def test_a_scope_bounds_what_is_found(world: World) -> None:
    await world.publish("ann", put("base", "app/a", 1), put("base", "db/b", 1))
    await world.publish("bob", put("prod", "app/c", 1))
    app = world.key("prod", prefix="app/")
    rows = await world.run("find", who=app)
    assert rows.ids == (("prod", "app/a"), ("prod", "app/c"))
    # Who changed what base supplies is nothing a key for prod may know.
    by = rows.columns.index("by")
    assert [row[by] for row in rows.rows] == [None, "bob"]
    assert not (await world.run("find", who=app, author="ann")).ids
    assert not (await world.run("find", who=app, prefix="db/")).ids
    assert (await world.run("find", who=app, prefix="a")).total == 2
    with pytest.raises(Problem, match="environment-not-found"):
        await world.run("find", who=app, environments=("base",))


async def test_unknown_environments_and_times_are_refused(world: World) -> None:
    with pytest.raises(Problem, match="environment-not-found"):
        await world.run("find", environments=("nowhere",))
    with pytest.raises(Problem, match="invalid-request"):
        await world.run("find", since="yesterday")


async def test_drafts(world: World) -> None:
    await world.publish("ann", put("prod", "there", 1))
    wishes = (put("prod", "new/one", 1), put("prod", "there", 2))
    await world.services.by_type[Changing].draft(world.user("ann"), wishes, "", None)
    assert await world.found("find", status="draft") == ["prod:new/one"]
    assert await world.found("find", status="draft", words=("two",)) == []
    assert await world.found("find", status="draft", author="ann") == []
    assert (await world.run("find", who=world.key("base"), status="draft")).total == 0


async def test_what_means_nothing_is_said(world: World) -> None:
    rows = await world.run("find", action="set", idle="changed")
    assert rows.notes == ("action means nothing here: left out",)


async def test_what_means_nothing_narrows_nothing_down(world: World) -> None:
    await world.publish("ann", put("base", "a", 1), put("base", "b", 2))
    await world.age(9)
    conditions: dict[str, Any] = {"idle": "changed", "days": 8, "environments": ("base",)}
    rows = await world.run("stale", value="1", author="nobody", since="never", **conditions)
    assert rows.ids == (("base", "a"), ("base", "b"))
    assert rows.notes == tuple(
        f"{name} means nothing here: left out" for name in ("author", "since", "value")
    )
    plan = Plan(intent="stale", value="1", words=("a",), **conditions)
    answer = await world.asking(ScriptedEngine([])).run(world.vic, plan)
    assert answer.planned.plan == Plan(intent="stale", words=("a",), **conditions)
    assert answer.words == sentence(answer.planned.plan)
    assert answer.rows.ids == (("base", "a"),)
