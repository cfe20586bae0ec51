"""The sample files a newcomer starts with."""

from pathlib import Path

import pytest

from central_config.core.json import JSON
from central_config.interop.model.formats import parse, render
from central_config.interop.model.guess import guess_format
from central_config.interop.model.terms import Format, Parsed

SAMPLES = Path(__file__).parents[2] / "samples"
SMALL = {
    "shop.env": Format.ENV, "shop.properties": Format.PROPERTIES, "shop.toml": Format.TOML,
    "shop.json": Format.JSON, "shop.ini": Format.INI, "shop-configmap.yaml": Format.CONFIGMAP,
}  # fmt: skip


def sample(name: str) -> Parsed:
    text = (SAMPLES / name).read_text("utf-8")
    format_ = guess_format(name, text)
    assert format_ is not None
    return parse(text, format_)


def values(parsed: Parsed) -> dict[str, JSON]:
    return {entry.key: entry.value for entry in parsed.entries}


def test_spring_shop() -> None:
    parsed = sample("spring-shop/application.yml")
    found = values(parsed)
    assert len(found) >= 200
    assert found["spring/datasource/hikari/maximum-pool-size"] == 20
    assert (
        found["spring/datasource/url"]
        == "jdbc:postgresql://$${DB_HOST:localhost}:$${DB_PORT:5432}/shop"
    )
    assert found["resilience4j/circuitbreaker/instances/payments/failure-rate-threshold"] == 25
    assert found["shop/pricing/tax/rates/NO"] == 0.25
    assert {notice.code for notice in parsed.notices} == {"reference-escaped"}


def test_helm_shop() -> None:
    parsed = sample("helm-shop/values.yaml")
    found = values(parsed)
    assert len(found) >= 200
    assert found["api/resources/limits/memory"] == found["worker/resources/limits/memory"] == "1Gi"
    assert found["storefront/config/fallbackCountry"] == "no"
    assert {notice.code for notice in parsed.notices} == {
        "key-split", "yaml-ambiguous-word", "reference-escaped",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["spring-shop/application.yml", "helm-shop/values.yaml"])
@pytest.mark.parametrize("format_", [Format.YAML, Format.JSON, Format.TOML])
def test_the_big_ones_survive_every_nested_format(name: str, format_: Format) -> None:
    found = values(sample(name))
    text, _ = render(found, format_)
    assert values(parse(text, format_, references="keep")) == found


@pytest.mark.parametrize("name", ["spring-shop/application.yml", "helm-shop/values.yaml"])
def test_every_password_is_a_placeholder(name: str) -> None:
    for key, value in values(sample(name)).items():
        last = key.rpartition("/")[2].lower()
        if last in {"password", "postgrespassword", "api-key", "apikey", "client-secret"}:
            assert "change-me" in str(value), key


@pytest.mark.parametrize(("name", "format_"), SMALL.items())
def test_the_small_ones(name: str, format_: Format) -> None:
    text = (SAMPLES / name).read_text("utf-8")
    assert guess_format(name, text) is format_
    assert guess_format("", text) is format_
    assert len(parse(text, format_).entries) >= 5
