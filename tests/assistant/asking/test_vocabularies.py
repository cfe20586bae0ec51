"""The words of a tenant: whose they are, what they hold, and for how long they are kept."""

import pytest

from central_config.access.model import Caller
from central_config.assistant.model.matching import Chosen, Filter, look
from central_config.assistant.model.plans import Plan
from central_config.assistant.service import vocabularies
from central_config.assistant.service.scope import visible
from central_config.configurations.model.differences import Side
from central_config.configurations.service.comparing import gathered
from central_config.configurations.service.history import History
from central_config.configurations.service.topologies import Environments
from central_config.core.pace import STRIDE
from tests.assistant.asking.conftest import World, drop, put

pytestmark = pytest.mark.anyio


async def test_names_of_a_workspace(world: World) -> None:
    await world.publish("ann", put("base", "db/host", "h"), put("prod", "b", 1))
    await world.publish("bob", put("prod", "a", 1))
    await world.publish("bob", drop("prod", "a"), put("prod", "c", 1, status="archived"))
    found = await world.vocabularies.of(world.vic)
    assert found.environments == ("base", "prod", "staging")
    assert found.parents == {"staging": "base", "prod": "base"}
    # What was removed or archived is asked about too.
    assert found.keys == ("a", "b", "c", "db/host")
    assert found.users == ("ann", "bob")


async def test_values_but_no_secrets(world: World) -> None:
    await world.publish(
        "ann",
        put("base", "pw", "hunter2", secret=True), put("base", "port", 5432),
        put("base", "flag", True), put("base", "host", "db.internal"),
    )  # fmt: skip
    await world.publish("ann", put("base", "url", "http://${host}/"), put("base", "u", "${pw}"))
    found = await world.vocabularies.of(world.vic)
    for text in ("5432", "true", "db.internal", "http://db.internal/"):
        assert found.is_value(text), text
    for text in ("hunter2", "${pw}", "false", "543", "True"):
        assert not found.is_value(text), text


async def test_a_scope_bounds_the_words(world: World) -> None:
    await world.publish("ann", put("base", "app/a", "x"), put("base", "db/b", "y"))
    await world.publish("ann", put("prod", "app/c", "z"))
    found = await world.vocabularies.of(world.key("prod", prefix="app/"))
    assert found.environments == ("prod",)
    assert found.parents == {}
    assert found.keys == ("app/a", "app/c")
    assert found.is_value("x")
    assert not found.is_value("y")
    nothing = await world.vocabularies.of(world.key("prod", prefix="none/"))
    assert nothing.keys == ()


async def test_a_scope_bounds_whose_names_are_known(world: World) -> None:
    """Of those who changed nothing in its reach a key learns nothing."""
    await world.publish("ann", put("base", "app/a", 1))
    await world.publish("bob", put("prod", "app/b", 1), put("prod", "db/b", 1))
    await world.publish("eve", put("prod", "db/c", 1))
    await world.publish("dan", put("staging", "app/d", 1))

    async def names(*environments: str, prefix: str = "") -> tuple[str, ...]:
        return (await world.vocabularies.of(world.key(*environments, prefix=prefix))).users

    async def all_views() -> list[str]:
        views = [
            await names("prod"),
            await names("prod", prefix="app/"),
            await names(prefix="app/"),
            await names("staging", "base"),
            await names("prod", prefix="none/"),
            await names(),
            (await world.vocabularies.of(world.vic)).users,
        ]
        return [" ".join(each) for each in views]

    everybody = "ann bob dan eve"
    before = ["bob eve", "bob", "ann bob dan", "ann dan", "", everybody, everybody]
    assert await all_views() == before
    # What is asked of later revisions is kept apart, too.
    await world.publish("fay", put("prod", "app/b", 2))
    after = ["bob eve fay", "bob fay", "ann bob dan fay", "ann dan", ""]
    assert await all_views() == [*after, f"{everybody} fay", f"{everybody} fay"]


async def test_authors_are_asked_for_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each view, the revisions that are new; of another environment by that name, all."""
    await world.publish("ann", put("prod", "a", 1))
    asked = list[tuple[int, int]]()
    ask = History.authors

    async def noted(self: History, caller: Caller, after: int, through: int) -> list[str]:
        asked.append((after, through))
        return await ask(self, caller, after, through)

    monkeypatch.setattr(History, "authors", noted)
    revision = (await world.services.snapshots.get(world.place.id)).revision
    key = world.key("prod")
    for _ in range(3):
        assert (await world.vocabularies.of(key)).users == ("ann",)
    assert asked == [(0, revision)]
    later = await world.publish("bob", put("prod", "a", 2))
    assert (await world.vocabularies.of(key)).users == ("ann", "bob")
    assert asked[1:] == [(revision, later)]
    await world.services.by_type[Environments].delete(world.user("ann"), "prod")
    await world.environment("prod", "base")
    assert (await world.vocabularies.of(key)).users == ()


async def test_kept_until_a_name_changes(world: World) -> None:
    await world.publish("ann", put("base", "a", 1))
    first = await world.vocabularies.of(world.vic)
    assert await world.vocabularies.of(world.user("somebody")) is first
    await world.publish("ann", put("base", "a", 2))
    same = await world.vocabularies.of(world.vic)
    assert same is first, "a new value is no new word"
    assert same.is_value("2")
    assert not same.is_value("1")
    await world.publish("ann", put("base", "b", 2))
    second = await world.vocabularies.of(world.vic)
    assert second.keys == ("a", "b")
    assert second.version != first.version
    await world.publish("bob", put("base", "b", 3))
    third = await world.vocabularies.of(world.vic)
    assert third.users == ("ann", "bob")
    await world.environment("dev", "base")
    assert "dev" in (await world.vocabularies.of(world.vic)).environments


async def test_synonyms_of_the_tenant(world: World) -> None:
    before = await world.vocabularies.of(world.vic)
    await world.synonyms.save(world.user("ann"), "Shop", ["storefront"])
    await world.synonyms.save(world.user("ann"), "database", ["oracle"])
    found = await world.vocabularies.of(world.vic)
    assert found.synonyms["shop"] == ("storefront",)
    assert found.synonyms["database"] == ("oracle",)
    assert found.version != before.version
    await world.synonyms.remove(world.user("ann"), "shop")
    await world.synonyms.remove(world.user("ann"), "DATABASE")
    assert (await world.vocabularies.of(world.vic)).version == before.version


async def test_what_is_put_away_is_not_held(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.publish("ann", put("base", "a", 1))
    await world.vocabularies.of(world.vic)
    assert len(world.vocabularies._kept) == 1
    assert world.services.snapshots.put_away(world.place.id)
    assert not world.vocabularies._kept
    monkeypatch.setattr(vocabularies, "KEPT", 2)
    for prefix in ("a", "b", "c", ""):
        await world.vocabularies.of(world.key(prefix=prefix))
    assert len(world.vocabularies._kept) == 2


async def test_large_workspaces_are_gone_through_in_turns(world: World) -> None:
    """Everything that looks at all keys lets others work after each few."""
    keys = [f"app/name-{number}" for number in range(3_000)]
    await world.publish("ann", *(put("base", key, place) for place, key in enumerate(keys)))
    rows = await world.run("find", words=("name-1",), newest=True, limit=3)
    assert (rows.total, len(rows.rows)) == (3 * sum("name-1" in key for key in keys), 3)
    state = await world.services.snapshots.get(world.place.id)
    places = visible(world.vic, state)
    sides = [Side(state, each) for each in places[:2]]
    nothing = Filter.of(Plan(intent="find", words=("none",)), "")
    for steps in (
        look(state, places, nothing, Chosen(10, newest=None)),
        vocabularies._gather(world.vic, state),
        gathered(sides[0], sides[1], "", clear=True),
    ):
        assert sum(1 for _ in steps) >= len(keys) / STRIDE, steps
