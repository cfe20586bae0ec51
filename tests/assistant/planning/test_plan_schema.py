"""The form a model has to keep to names what exists, and nothing else."""

import jsonschema_rs
import msgspec
import pytest

from central_config.assistant.model.planning.schema import Draft, plan_of, schema
from central_config.assistant.model.plans import Plan

FORM = schema(
    environments=("dev", "prod"),
    users=("alice",),
    words=("cache", "pool"),
    keys=("app/cache/ttl",),
    marks=("removed",),
)
VALID = jsonschema_rs.validator_for(FORM)


@pytest.mark.parametrize(
    "text",
    [
        '{"do":"changes"}',
        '{"do":"compare","env":["dev","prod"],"words":["cache"]}',
        '{"do":"changes","env":["dev"],"who":["alice"],"words":["app/cache/ttl"],"is":["removed"]}',
        '{"do":"write"}',
    ],
)
def test_a_draft_names_what_exists(text: str) -> None:
    assert VALID.is_valid(msgspec.json.decode(text))
    msgspec.json.decode(text, type=Draft)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"do":"delete"}',
        '{"do":"find","env":["mars"]}',
        '{"do":"find","env":["dev","prod","dev"]}',
        '{"do":"find","who":["mallory"]}',
        '{"do":"find","words":["app/cache/ttl2"]}',
        '{"do":"find","is":["secret"]}',
        '{"do":"find","sql":"select 1"}',
    ],
)
def test_and_nothing_else(text: str) -> None:
    assert not VALID.is_valid(msgspec.json.decode(text))


def test_what_has_no_choices_is_left_out() -> None:
    empty = schema(environments=(), users=(), words=(), keys=(), marks=())
    assert list(empty["properties"]) == ["do"]
    assert jsonschema_rs.validator_for(empty).is_valid({"do": "find"})


def test_what_decides_most_is_written_first() -> None:
    assert list(FORM["properties"]) == ["do", "env", "who", "words", "is"]


def test_a_draft_becomes_a_plan() -> None:
    draft = Draft(
        do="changes",
        env=("prod",),
        who=("alice",),
        words=("pool", "app/cache/ttl"),
        marks=("removed", "deprecated"),
    )
    assert plan_of(draft, {"app/cache/ttl"}) == Plan(
        intent="changes",
        environments=("prod",),
        author="alice",
        words=("pool",),
        key="app/cache/ttl",
        action="remove",
        status="deprecated",
    )


@pytest.mark.parametrize("reason", ["write", "outside", "unclear"])
def test_a_refusal_becomes_a_plan_that_does_nothing(reason: str) -> None:
    draft = msgspec.convert({"do": reason, "env": ["prod"], "words": ["pool"]}, Draft)
    assert plan_of(draft, ()) == msgspec.convert({"intent": "unsupported", "reason": reason}, Plan)
