"""Typed reads, models, and how fast a read is."""

import dataclasses
import enum
import json
import timeit
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pydantic
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from central_config_client import MissingKeyError, WrongTypeError
from central_config_client.snapshot import same
from central_config_client.testing import FakeConfig
from central_config_client.tree import tree

VALUES: dict[str, Any] = {
    "app/db/host": "db.internal",
    "app/db/port": 5432,
    "app/db/pool/size": 5,
    "app/db/pool/max-idle": "1m30s",
    "app/db/unknown": "passed over",
    "app/db-old/host": "another place",
    "app/ratio": 2,
    "app/debug": True,
    "app/none": None,
    "app/list": [1, 2],
}


@dataclasses.dataclass
class Pool:
    size: int
    max_idle: timedelta
    name: str = "default"


@dataclasses.dataclass(frozen=True)
class Database:
    host: str
    port: int
    pool: Pool


class StructPool(msgspec.Struct):
    size: int
    max_idle: str


class StructDatabase(msgspec.Struct):
    host: str
    port: int
    pool: StructPool
    user: str | None = None


class PydanticPool(pydantic.BaseModel):
    size: int
    max_idle: str


class PydanticDatabase(pydantic.BaseModel):
    host: str
    number: int = pydantic.Field(alias="port")
    pool: PydanticPool | None


@pytest.fixture
def config() -> FakeConfig:
    return FakeConfig(VALUES)


def test_typed_getters(config: FakeConfig) -> None:
    assert config.get_str("app/db/host") == "db.internal"
    assert config.get_int("app/db/port") == 5432
    assert config.get_bool("app/debug") is True
    assert config.get_duration("app/db/pool/max-idle") == timedelta(seconds=90)
    assert config.get_duration("app/ratio") == timedelta(seconds=2)
    ratio = config.get_float("app/ratio")
    assert (ratio, type(ratio)) == (2.0, float)
    assert config.get_int("nowhere", None) is None
    assert config.get_str("nowhere", "x") == "x"
    assert config.get_as(list[int], "app/list") == [1, 2]
    copied = config.get_json("app/list")
    copied.append(3)
    assert config["app/list"] == [1, 2]
    with pytest.raises(MissingKeyError):
        config.get_int("nowhere")


@pytest.mark.parametrize(
    ("read", "key", "expected", "found"),
    [
        ("get_int", "app/debug", "int", "bool"),
        ("get_int", "app/db/host", "int", "str"),
        ("get_float", "app/debug", "float", "bool"),
        ("get_bool", "app/ratio", "bool", "int"),
        ("get_str", "app/none", "str", "null"),
        ("get_duration", "app/db/host", "duration", "str"),
    ],
)
def test_wrong_types_are_named(
    config: FakeConfig, read: str, key: str, expected: str, found: str
) -> None:
    with pytest.raises(WrongTypeError) as caught:
        getattr(config, read)(key)
    assert str(caught.value) == f"{key}: expected {expected}, found {found}"
    assert "db.internal" not in str(caught.value)
    with pytest.raises(WrongTypeError):
        getattr(config, read)(key, None)  # a default is for keys that are not there


def test_a_dataclass(config: FakeConfig) -> None:
    expected = Database("db.internal", 5432, Pool(5, timedelta(seconds=90)))
    assert config.bind(Database, "app/db") == config.bind(Database, "app/db/") == expected


def test_a_msgspec_model(config: FakeConfig) -> None:
    expected = StructDatabase("db.internal", 5432, StructPool(5, "1m30s"))
    assert config.bind(StructDatabase, "app/db") == expected


def test_a_pydantic_model(config: FakeConfig) -> None:
    bound = config.bind(PydanticDatabase, "app/db")
    assert (bound.host, bound.number) == ("db.internal", 5432)
    assert bound.pool == PydanticPool(size=5, max_idle="1m30s")


@pytest.mark.parametrize("model", [Database, StructDatabase, PydanticDatabase])
def test_models_name_what_does_not_fit(config: FakeConfig, model: type[Any]) -> None:
    with (
        config.override({"app/db/pool/size": "a secret"}),
        pytest.raises(WrongTypeError, match=r"app/db/pool/size: expected .*int") as caught,
    ):
        config.bind(model, "app/db")
    assert caught.value.found == "str"
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    config.remove("app/db/pool/max-idle")
    with pytest.raises(WrongTypeError, match="found nothing") as caught:
        config.bind(model, "app/db")
    assert caught.value.key == "app/db/pool/max_idle"
    with pytest.raises(WrongTypeError, match="app/ratio"):
        config.get_as(model, "app/ratio")


def test_a_live_model(config: FakeConfig) -> None:
    database = config.live(Database, "app/db")
    before = database.value
    config.set("app/ratio", 3)
    assert database.value is before
    config.write({"app/db/host": "new", "app/db/port": 1})
    assert (database.value.host, database.value.port) == ("new", 1)
    config.set("app/db/port", "no number")
    assert database.value.host == "new"
    assert isinstance(database.error, WrongTypeError)
    config.set("app/db/port", 2)
    assert database.error is None
    assert database.value.port == 2
    with pytest.raises(WrongTypeError):
        config.live(Database, "nowhere")


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Everything:
    any_: Any
    colour: Colour
    literal: Literal["a", 1]
    either: int | str
    maybe: Pool | None
    pairs: tuple[int, str]
    many: tuple[int, ...]
    names: frozenset[str]
    by_name: dict[str, list[float]]
    when: datetime
    where: Path
    said: Annotated[int, "so"]


def test_types_of_fields() -> None:
    config = FakeConfig(
        {
            "any_": [None],
            "colour": "red",
            "literal": 1,
            "either": "x",
            "maybe": {"size": 1, "max-idle": 0.5},
            "maybe/size": 2,
            "pairs": [1, "b"],
            "many": [1, 2, 3],
            "names": ["a", "a"],
            "by_name": {"a": [1]},
            "when": "2026-01-02T03:04:05Z",
            "where": "/tmp",  # noqa: S108
            "said": 1,
        }
    )
    assert config.bind(Everything) == Everything(
        [None],
        Colour.RED,
        1,
        "x",
        Pool(2, timedelta(seconds=0.5)),
        (1, "b"),
        (1, 2, 3),
        frozenset({"a"}),
        {"a": [1.0]},
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        Path("/tmp"),  # noqa: S108
        1,
    )
    assert config["maybe"] == {"size": 1, "max-idle": 0.5}, "what is shared was changed"
    for key, wrong, place in (
        ("literal", True, "literal"),
        ("either", None, "either"),
        ("maybe/size", "x", "maybe/size"),
        ("many", [1, True], "many[1]"),
        ("pairs", [1], "pairs"),
        ("by_name", {"a": ["x"]}, "by_name/a[0]"),
        ("when", "yesterday", "when"),
        ("colour", "blue", "colour"),
    ):
        with config.override({key: wrong}), pytest.raises(WrongTypeError) as caught:
            config.bind(Everything)
        assert caught.value.key == place


NAMES = some.sampled_from(["a", "b", "c"])
LEAVES = some.integers() | some.text(max_size=3) | some.none() | some.lists(some.integers())
TREES = some.recursive(
    some.dictionaries(NAMES, LEAVES, min_size=1),
    lambda inner: some.dictionaries(NAMES, inner, min_size=1),
    max_leaves=12,
)


def flat(node: dict[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in node.items():
        inner = flat(value, f"{above}{name}/") if isinstance(value, dict) else None
        found.update(inner if inner is not None else {above + name: value})
    return found


@settings(deadline=None)
@given(TREES)
def test_a_tree_is_put_together_from_its_keys(node: dict[str, Any]) -> None:
    assert tree(flat(node), "") == node
    assert tree(flat({"x": {"y": node}}), "x/y") == node


JSONS = some.recursive(
    some.none() | some.booleans() | some.integers(0, 1) | some.sampled_from([0.0, 1.0, "1"]),
    lambda inner: some.lists(inner, max_size=2) | some.dictionaries(NAMES, inner, max_size=2),
)


@settings(deadline=None)
@given(JSONS, JSONS)
@example(1, True)
@example([1.0], [1])
@example({"a": False}, {"a": 0})
def test_what_is_the_same(left: Any, right: Any) -> None:
    written = [json.dumps(each, sort_keys=True) for each in (left, right)]
    assert same(left, right) == (written[0] == written[1])


def test_how_fast_a_read_is() -> None:
    """Printed, not asserted: machines differ."""
    large = FakeConfig({f"app/{n}": n for n in range(10_000)} | {"app/host": "h"})
    bounded = FakeConfig({"app/host": "h"}, max_age=60)
    for name, config in (("", large), (" with max_age", bounded)):
        for call in (
            'config["app/host"]',
            'config.get("app/host", None)',
            'config.get("no", None)',
            'config.get_str("app/host")',
        ):
            times = timeit.repeat(call, globals={"config": config}, number=100_000, repeat=5)
            print(f"\n{call}{name}: {min(times) * 1e4:.0f} ns", end="")
