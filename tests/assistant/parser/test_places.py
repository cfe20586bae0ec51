"""Environments by their stages and regions, as the parser is certain of them."""

import pytest

from central_config.assistant.model.language.names import Names
from central_config.assistant.model.plans import Plan
from central_config.assistant.model.questions import parse
from tests.assistant.parser.tenants import NOW, shop

EU, US = "prod-eu", "prod-us"


def _found(question: str, *environments: str) -> Plan | None:
    known = shop()
    known.environments = environments or ("base", "staging", EU, US)
    known.parents = {slug: "base" for slug in known.environments if slug != "base"}
    return parse(question, known, NOW).plan


@pytest.mark.parametrize(
    ("where", "environments"),
    [
        ("in europe", (EU,)),
        ("on the european site", (EU,)),
        ("in european production", (EU,)),
        ("in production in europe", (EU,)),
        ("in the us", (US,)),
        ("in us", (US,)),
        ("in the US", (US,)),
        ("in the U.S.", (US,)),
        ("for the american shop", (US,)),
        ("in the states", (US,)),
        ("in eu and us", (EU, US)),
        ("in us and eu prod", (US, EU)),
        ("in both regions", (EU, US)),
        ("in both productions", (EU, US)),
        ("on both sides of the atlantic", (EU, US)),
        ("in the real shops", (EU, US)),
        ("on our live sites", (EU, US)),
        ("in pre-prod", ("staging",)),
        ("in the test environment", ("staging",)),
        ("in eurpoe", (EU,)),
        ("in ameirca", (US,)),
    ],
)
def test_where_is_understood(where: str, environments: tuple[str, ...]) -> None:
    plan = Plan(intent="find", key="payments/gateway/timeout", environments=environments)

    assert _found(f"what is the payments gateway timeout {where}") == plan


@pytest.mark.parametrize(
    ("question", "environments"),
    [
        ("what is the db host in the us", ("staging", "prod")),
        ("what is the db host in africa", ("staging", EU, US)),
        ("what is the db host in both regions", ("staging", EU, US, "prod-uk")),
        ("what is the db host in both regions", ("staging-eu", "staging-us", EU, US)),
        ("what is the db host in pre-prod", ("prod", "staging", "uat")),
        ("what is the db host in the test environment", ("prod", "staging", "dev")),
        ("what is the payments gateway timeout for us", ("staging", EU)),
    ],
)
def test_a_place_that_is_not_known_for_certain_is_none(
    question: str, environments: tuple[str, ...]
) -> None:
    plan = _found(question, *environments)

    assert plan is None or plan.environments == ()


def test_us_are_people_unless_it_is_a_country() -> None:
    plan = _found("give us the payments gateway timeout in staging")

    assert plan is not None
    assert plan.environments == ("staging",)


def test_what_is_inherited_from_the_parent_is_looked_for_in_the_heir() -> None:
    plan = _found("which timeouts does the US merely inherit from base")

    assert plan is not None
    assert (plan.environments, plan.own) == ((US,), False)


def test_two_stages_in_one_region_are_both() -> None:
    names = ("staging-eu", "staging-us", EU, US)
    plan = _found("what is the payments gateway timeout in europe", *names)

    assert plan is not None
    assert plan.environments == ("staging-eu", EU)


@pytest.mark.parametrize(
    ("said", "slugs"),
    [
        ("america", (US,)), ("americans", (US,)), ("usa", (US,)), ("continent", (EU,)),
        ("european", (EU,)), ("prod", (EU, US)), ("german", ()), ("moon", ()),
    ],
)  # fmt: skip
def test_a_region_is_called_by_its_country_and_its_people(
    said: str, slugs: tuple[str, ...]
) -> None:
    assert Names(("staging", EU, US), (), {}).group(said) == slugs


def test_an_environment_may_be_a_region() -> None:
    assert Names(("eu", "us"), (), {}).environment("european") == "eu"
    assert Names(("eu", "us"), (), {}).both("regions") == ("eu", "us")
