"""Questions as engineers ask them, and the plan each must become, or that it must be left."""

import json
from pathlib import Path

import msgspec
import pytest

from central_config.assistant.model.plans import Plan
from central_config.assistant.model.questions import guard, parse
from tests.assistant.parser.tenants import NOW, dotted, shop

_HERE = Path(__file__).parent
_TENANTS = {"shop": shop(), "dotted": dotted()}


def _asked(tenant: str) -> list[object]:
    lines = (_HERE / f"{tenant}.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return [pytest.param(tenant, row["ask"], row["plan"], id=row["ask"]) for row in rows]


@pytest.mark.parametrize(("tenant", "question", "plan"), [*_asked("shop"), *_asked("dotted")])
def test_a_question_becomes_its_plan(tenant: str, question: str, plan: dict | None) -> None:
    wanted = None if plan is None else msgspec.convert(plan, Plan)

    assert guard(question) is None
    assert parse(question, _TENANTS[tenant], NOW).plan == wanted


def test_words_that_stand_in_the_way_are_told() -> None:
    parsed = parse("what is the WEATHER in prod", _TENANTS["shop"], NOW)

    assert (parsed.plan, parsed.unexplained) == (None, ("WEATHER",))


@pytest.mark.parametrize(
    ("question", "environments"),
    [
        ("what is the log level", ("dev",)),
        ("who changed the log level", ("dev",)),
        ("what is the log level in prod", ("prod",)),
        ("what is the log level in all environments", ()),
        ("which environments override the log level", ()),
        ("what is the log level here", ("dev",)),
        ("why is the log level INFO", ("dev",)),
        ("compare staging and prod", ("staging", "prod")),
    ],
)
def test_where_the_caller_looks_counts_if_nothing_else_is_said(
    question: str, environments: tuple[str, ...]
) -> None:
    plan = parse(question, _TENANTS["shop"], NOW, "dev").plan

    assert plan is not None
    assert plan.environments == environments


@pytest.mark.parametrize(
    "question",
    ["what is the log level here", "why is the log level INFO", "what is in this environment"],
)
def test_here_is_nowhere_if_the_caller_looks_nowhere(question: str) -> None:
    assert parse(question, _TENANTS["shop"], NOW).plan is None


@pytest.mark.parametrize(
    "question",
    [
        "is legacy/endpoint deprecated in prod",
        "is legacy/endpoint a secret in prod",
        "does prod override legacy/endpoint",
        "is legacy/endpoint true in prod",
        "is the legacy endpoint enabled in prod",
    ],
)
def test_whether_something_is_so_is_told_by_its_row(question: str) -> None:
    plan = parse(question, _TENANTS["shop"], NOW).plan

    assert plan == Plan(intent="find", key="legacy/endpoint", environments=("prod",))


@pytest.mark.parametrize(
    "question",
    [
        "what was app/db/host in prod",
        "which secrets were in prod",
        "why was app/debug true in prod",
    ],
)
def test_values_of_the_past_are_not_told_by_those_of_today(question: str) -> None:
    assert parse(question, _TENANTS["shop"], NOW).plan is None


def test_a_synonym_of_the_tenant_is_understood() -> None:
    known = shop()
    known.synonyms = {**known.synonyms, "till": ("payments",), "mothership": ("prod",)}

    plan = parse("what is the till timeout on the mothership", known, NOW).plan

    assert plan == Plan(intent="find", key="payments/timeout", environments=("prod",))


def test_a_synonym_that_may_mean_different_keys_is_not_guessed() -> None:
    known = shop()
    known.synonyms = {"store": ("cache", "db")}

    assert parse("what is the store host in prod", known, NOW).plan is None


def test_no_value_is_looked_at_but_through_the_vocabulary() -> None:
    asked: list[str] = []

    def is_value(text: str) -> bool:
        asked.append(text)
        return text == "hunter2"

    known = shop()
    known.is_value = is_value
    plan = parse("which keys are set to hunter2 in prod", known, NOW).plan

    assert plan == Plan(intent="find", value="hunter2", environments=("prod",))
    assert "hunter2" in asked


def test_a_name_with_a_typo_counts_only_where_it_can_mean_one() -> None:
    known = shop()

    assert parse("db host in stagin", known, NOW).plan is not None
    assert parse("changes by alise", known, NOW).plan == Plan(intent="changes", author="alice")
    known = shop()
    known.environments = ("prod-a", "prod-b")
    assert parse("db host in prod-c", known, NOW).plan is None


@pytest.mark.parametrize(
    ("question", "environments"),
    [
        ("what is the db host in production", ("prod-eu", "prod-us")),
        ("what is the db host in prod eu", ("prod-eu",)),
        ("who changed the db host in us prod", ("prod-us",)),
        ("compare the prod environments", ("prod-eu", "prod-us")),
    ],
)
def test_a_part_of_several_slugs_means_all_of_them(
    question: str, environments: tuple[str, ...]
) -> None:
    known = shop()
    known.environments = ("staging", "prod-eu", "prod-us")

    plan = parse(question, known, NOW).plan

    assert plan is not None
    assert plan.environments == environments


@pytest.mark.parametrize("question", ["compare staging with prod", "why is app/debug true in prod"])
def test_where_one_environment_is_needed_several_are_none(question: str) -> None:
    known = shop()
    known.environments = ("staging", "prod-eu", "prod-us")

    assert parse(question, known, NOW).plan is None
