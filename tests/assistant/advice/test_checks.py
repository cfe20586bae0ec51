"""Each check finds its own kind of fault, and lets what is sound alone."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from central_config.access.model import ApiKey, KeyScope
from central_config.assistant.model.advice import ending, reading
from central_config.assistant.model.advice.advice import Advice, facts
from central_config.assistant.model.advice.duplicates import duplicates
from central_config.assistant.model.advice.ground import Ground
from central_config.assistant.model.advice.inheriting import drift, redundant
from central_config.assistant.model.advice.settings import contradictions
from central_config.assistant.model.advice.siblings import outliers
from central_config.configurations.model.cells import ARCHIVED, DEPRECATED, Site
from central_config.core.ids import new_id
from tests.assistant.advice.states import NOW, Held, ground, named

Check = Callable[[Ground], Iterator[Advice]]
THREE: dict[str, str | None] = {"base": None, "dev": "base", "staging": "base", "prod": "base"}
SECRET = "hunter2-hunter2"
TEXT = "https://payments.internal.example/v1"


def found(check: Check, of: Ground) -> list[tuple[str, list[str], list[str]]]:
    """Return kind, places and steps of what a check finds."""
    return [_plain(of, each) for each in check(of)]


def _plain(of: Ground, advice: Advice) -> tuple[str, list[str], list[str]]:
    steps = [
        f"{step.action} {named(of, step.site)}"
        + (f" from {named(of, step.source)}" if step.source else "")
        + (f" as {step.form}" if step.form != "same" else "")
        + (f" = {step.value}" if step.value is not None else "")
        for step in advice.steps
    ]
    return advice.kind, [named(of, place) for place in advice.places], steps


def test_an_override_that_repeats_its_parent_is_redundant() -> None:
    secret = Held(SECRET, secret=True)
    of = ground(
        base={"a": 1, "b": 1, "c": 1, "s": secret},
        prod={"a": 1, "b": 2, "c": Held(1, DEPRECATED), "s": secret},
    )
    assert found(redundant, of) == [("redundant", ["prod:a", "base:a"], ["remove prod:a"])]


def test_an_override_that_refers_to_others_is_not_redundant() -> None:
    of = ground(
        base={"host": "a", "url": "x${host}", "copy": "xa"},
        prod={"host": "b", "url": "x${host}", "copy": "x${host}"},
    )
    assert found(redundant, of) == []


def test_what_one_sibling_lacks_is_drift() -> None:
    common = {f"k{n}": n for n in range(10)}
    of = ground(
        THREE,
        dev={**common, "new": 5, "apart": 1, "archived": 1},
        staging={**common, "new": 5, "apart": 2, "archived": 1},
        prod={**common, "archived": Held(1, ARCHIVED)},
    )
    assert found(drift, of) == [
        ("drift", ["prod:apart", "dev:apart", "staging:apart"], []),
        ("drift", ["prod:new", "dev:new", "staging:new"], ["set prod:new from staging:new"]),
    ]


def test_an_environment_with_other_keys_altogether_has_not_drifted() -> None:
    of = ground(staging={f"k{n}": n for n in range(10)}, prod={"other": 1})
    assert found(drift, of) == []


def test_a_secret_that_one_sibling_lacks_is_never_copied() -> None:
    common = {f"k{n}": n for n in range(10)}
    of = ground(staging={**common, "s": Held(SECRET, secret=True)}, prod=common)
    assert found(drift, of) == [("drift", ["prod:s", "staging:s"], [])]


def test_a_number_written_as_text_is_drift_where_the_others_have_numbers() -> None:
    of = ground(
        THREE,
        dev={"port": 80, "on": True, "name": "x", "odd": 1},
        staging={"port": 81, "on": False, "name": "y", "odd": 2},
        prod={"port": "8080", "on": "true", "name": 5, "odd": "01"},
    )
    assert found(drift, of) == [
        ("drift", ["prod:on", "dev:on", "staging:on"], ["set prod:on from prod:on as boolean"]),
        (
            "drift",
            ["prod:port", "dev:port", "staging:port"],
            ["set prod:port from prod:port as number"],
        ),
    ]


@pytest.mark.parametrize("value", [30, 300_000, -3000, "3000", True, 0, 3000, 1500, 29_999])
def test_a_setting_far_from_its_siblings_stands_out(value: Any) -> None:
    is_found = value not in {3000, 1500, 29_999}
    usual = {f"services/s{n}/timeout": 3000 for n in range(6)}
    of = ground(base={**usual, "services/odd/timeout": value})
    expected = ("outlier", ["base:services/odd/timeout", "base:services/s0/timeout"],
                ["set base:services/odd/timeout from base:services/s0/timeout"])  # fmt: skip
    assert found(outliers, of) == ([expected] if is_found else [])


def test_where_nothing_is_usual_nothing_stands_out() -> None:
    of = ground(base={f"services/s{n}/timeout": 10**n for n in range(8)})
    assert found(outliers, of) == []
    of = ground(base={f"services/s{n}/timeout": 3 if n else 3000 for n in range(4)})
    assert found(outliers, of) == []


def test_a_text_that_three_keys_repeat_is_kept_once() -> None:
    of = ground(base={"pay/url": TEXT, "a/b/pay-url": TEXT, "z": TEXT, "short/a": "x"})
    assert found(duplicates, of) == [
        (
            "duplicate",
            ["base:z", "base:a/b/pay-url", "base:pay/url"],
            ["set base:a/b/pay-url = ${z}", "set base:pay/url = ${z}"],
        )
    ]


@pytest.mark.parametrize("layers", [
    {"base": {"a": TEXT, "b": TEXT}},
    {"base": {"a": TEXT, "b": TEXT, "c": Held(TEXT, secret=True)}},
    {"base": {"a": TEXT, "b": TEXT, "c": Held(TEXT, DEPRECATED)}},
    {"base": {"a": "on", "b": "on", "c": "on"}},
    # An heir that sets one of them itself would have the others follow.
    {"base": {"a": TEXT, "b": TEXT, "c": TEXT}, "prod": {"a": "elsewhere"}},
])  # fmt: skip
def test_what_is_not_repeated_often_or_not_alike_everywhere_stays(layers: Any) -> None:
    assert found(duplicates, ground(**layers)) == []


CONTRADICTIONS: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "bounds": ({"db/pool/min_size": 20, "db/pool/max_size": 10}, "bounds",
               ["set base:db/pool/min_size from base:db/pool/max_size"]),
    "camel": ({"db/minPoolSize": 20, "db/maxPoolSize": 10}, "bounds",
              ["set base:db/minPoolSize from base:db/maxPoolSize"]),
    "units": ({"r/min_backoff_ms": 2000, "r/max_backoff_s": 1}, "bounds", []),
    "texts": ({"r/min-wait": "2m", "r/max-wait": "90s"}, "bounds", []),
    "connect": ({"http/connect-timeout": 60, "http/timeout": 10}, "timeout",
                ["set base:http/connect-timeout from base:http/timeout"]),
    "idle": ({"db/idle_timeout": 900, "db/max_lifetime": 600}, "timeout",
             ["set base:db/idle_timeout from base:db/max_lifetime"]),
    "empty pool": ({"db/pool/size": 0}, "pool", []),
    "large pool": ({"db/pool/size": 200, "db/max_connections": 100}, "pool", []),
    "cache": ({"cache/enabled": True, "cache/ttl": 0}, "cache", ["set base:cache/enabled = False"]),
    "cache size": ({"x/cache_enabled": True, "x/cache_max_entries": 0}, "cache",
                   ["set base:x/cache_enabled = False"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_settings_that_contradict_each_other(name: str) -> None:
    layer, kind, steps = CONTRADICTIONS[name]
    of = ground(base=layer)
    assert [(each[0], each[2]) for each in found(contradictions, of)] == [(kind, steps)]


@pytest.mark.parametrize("layer", [
    {"db/pool/min_size": 10, "db/pool/max_size": 10},
    {"db/pool/min_size": 20, "db/pool/max_idle": 10},
    {"r/min_backoff_ms": 2000, "r/max_backoff": 1},  # no common unit
    {"r/min_backoff_ms": 500, "r/max_backoff_s": 1},
    {"http/connect-timeout": 60, "http/timeout": 0},  # no limit
    {"db/pool/size": 50, "db/max_connections": 100},
    {"db/pool/size": 50, "web/max_connections": 10},
    {"cache/enabled": False, "cache/ttl": 0},
    {"cache/enabled": True, "cache/ttl": 10, "other/size": 0},
    {"min": "a", "max": "b"},
])  # fmt: skip
def test_settings_that_are_sound(layer: dict[str, Any]) -> None:
    assert found(contradictions, ground(base=layer)) == []


def test_a_contradiction_is_told_where_it_is_held() -> None:
    of = ground(base={"p/min": 5, "p/max": 9}, prod={"p/max": 3})
    assert [each[1] for each in found(contradictions, of)] == [["prod:p/min", "prod:p/max"]]


def test_certificates_that_end_soon_or_have_ended() -> None:
    soon, later, ended = (certificate(days) for days in (10, 100, -3))
    of = ground(base={"tls/soon": soon, "tls/later": later, "tls/chain": later + "\n" + ended,
                      "tls/broken": soon.replace("M", "?"), "tls/secret": Held(soon, secret=True),
                      "tls/gone": Held(soon, ARCHIVED)})  # fmt: skip
    advices = list(ending.certificates(of, NOW))
    assert [named(of, each.places[0]) for each in advices] == [
        "base:tls/chain", "base:tls/secret", "base:tls/soon",
    ]  # fmt: skip
    assert "ended 2026-11-20" in advices[0].title
    assert "ends 2026-12-03" in advices[2].title


def certificate(days: int) -> str:
    """Return a certificate that ends so many days from `NOW`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=200))
        .not_valid_after(NOW + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_api_keys_that_end_soon_and_have_no_successor() -> None:
    scope = KeyScope(new_id(), None, "", "read", secrets=False)
    key = ApiKey(new_id(), "app", "cc_abc", scope, "me", NOW, NOW + timedelta(days=9))
    change = msgspec.structs.replace
    others = [
        change(key, expires_at=None),
        change(key, expires_at=NOW + timedelta(days=31)),
        change(key, expires_at=NOW - timedelta(days=31)),
        change(key, revoked_at=NOW),
        change(key, successor=new_id()),
    ]
    advices = list(ending.keys([key, *others], NOW))
    assert [(each.about, each.needs) for each in advices] == [(str(key.id), "key.manage")]


def test_what_others_refer_to_cannot_be_archived() -> None:
    of = ground(
        base={"host": "h", "free": 1, "over": 1, "far": 1},
        staging={"url": "x${host}", "elsewhere": "${env:base/far}"},
        prod={"over": 2},
    )
    sites = reading.candidates(of)
    assert [named(of, site) for site in sites] == [
        "base:free", "base:over", "staging:elsewhere", "staging:url", "prod:over",
    ]  # fmt: skip


def test_no_advice_holds_a_value() -> None:
    values = {
        "a": TEXT, "b": TEXT, "c": TEXT, "port": "8080", "s": Held(SECRET, secret=True),
        "db/pool/min": 4711, "db/pool/max": 1234,
    }  # fmt: skip
    of = ground(base=values, staging={"port": 80}, prod={"a": TEXT, "port": "8080"})
    checks: Iterable[Check] = (redundant, drift, outliers, duplicates, contradictions)
    said = msgspec.json.encode([advice for check in checks for advice in check(of)]).decode()
    assert said != "[]"
    assert [each for each in (TEXT, SECRET, "8080", "4711", "1234") if each in said] == []


def test_facts_change_with_every_cell_an_advice_rests_on() -> None:
    layers: dict[str, Any] = {"base": {"a": 1, "b": 5}, "prod": {"a": 1}}
    parents = {"base": None, "staging": "base", "prod": "base"}
    of = ground(parents, **layers)
    (advice,) = redundant(of)
    before = facts(of.state, advice)
    seen = {before}
    for site in (*advice.places,):
        layer = of.state.layer(site.environment_id)
        assert isinstance(layer, dict)
        for change in ({"version": 2}, {"status": DEPRECATED}, {"secret": True}):
            kept = layer[site.key]
            layer[site.key] = msgspec.structs.replace(kept, **change)
            seen.add(facts(of.state, advice))
            layer[site.key] = kept
    assert len(seen) == 7
    assert facts(of.state, advice) == before
    assert Site(advice.places[0].environment_id, "b") not in advice.sites
