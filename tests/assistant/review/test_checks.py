"""Each check by itself: what it finds, what it leaves alone, and how bad it calls it."""

from typing import Any

import pytest
from msgspec import UNSET

from central_config.assistant.model.reviews.checks import examine
from central_config.assistant.model.reviews.findings import raised, risk_of
from central_config.assistant.model.reviews.leaves import Leaf, steps
from central_config.assistant.model.reviews.places import is_production
from central_config.assistant.model.reviews.quantities import quantity
from central_config.assistant.model.reviews.quoting import quoted
from central_config.assistant.model.reviews.secrecy import secret_kind, sensitive

ENVIRONMENTS = ("base", "dev", "staging", "prod")


def leaf(name: str, after: Any, before: Any = UNSET, env: str = "prod", **more: Any) -> Leaf:
    return Leaf(
        environment=env,
        production=env == "prod",
        kin=frozenset({env, "base"}),
        environments=ENVIRONMENTS,
        key=f"app/{name}",
        name=name,
        before=before,
        after=after,
        **more,
    )


def found(name: str, after: Any, before: Any = UNSET, **more: Any) -> dict[str, str]:
    """Return what is found, by rule, of at least medium severity."""
    findings = examine(leaf(name, after, before, **more))
    return {it.rule: it.severity for it in findings if it.severity != "low"}


@pytest.mark.parametrize(
    ("after", "before", "severity"),
    [
        ("5432", 5432, "high"),
        ("false", True, "high"),
        ([1], 1, "medium"),
        ("a,b", ["a", "b"], "medium"),
        (123, "0123", "medium"),
        (5.0, 5, None),
        (None, 5, None),
        ("{{ port }}", 5432, None),
        (True, "{{ on }}", None),
        ([], "", None),
        (False, "no", None),
        ("1kiB", 1000, None),
    ],
)
def test_type_drift(after: Any, before: Any, severity: str | None) -> None:
    """Another type than before; what is empty or filled in elsewhere has none."""
    assert found("size", after, before).get("type-drift") == severity


def test_type_drift_against_other_places() -> None:
    """A new key is measured by other environments, and by its like in other groups."""
    assert found("size", "5", elsewhere={"staging": 5}) == {"type-drift": "high"}
    cousins = {f"svc/{each}/size": 5 for each in "abc"}
    assert found("size", "5", cousins=cousins) == {"type-drift": "high"}
    assert found("size", "5", cousins={"svc/a/size": 5}) == {}


@pytest.mark.parametrize(
    ("name", "after", "before", "severity"),
    [
        ("timeout", 3000, 30, "high"),
        ("timeout", 300, 30, "medium"),
        ("timeout", 60, 30, None),
        ("timeout", "30m", "30s", "medium"),
        ("timeout", "1m", "60s", None),
        ("memory", "512GiB", "512MiB", "high"),
        ("memory", "1GiB", "1024MiB", None),
        ("limit", 0, 100, None),
        ("limit", 100, 0, None),
        ("limit", 50, 1, None),
        ("limit", "50", "1", None),
        ("timeout", 10.0, 1.0, "medium"),
        ("timeout", 1.0, 0.1, "medium"),
        ("http_port", 8080, 80, None),
        ("port_https", 8443, 443, None),
        ("port_range_max", 60000, 600, None),
        ("status_code", 500, 50, None),
        ("status_code_retries", 50, 5, "medium"),
        ("shard_code_upper_limit", 100_000, 10_000, "medium"),
        ("port_scan_timeout", 300_000, 3000, "high"),
        ("port", 80800, 8080, "high"),
        ("build-number", 9000, 12, None),
        ("enabled", True, False, None),
    ],
)
def test_magnitude(name: str, after: Any, before: Any, severity: str | None) -> None:
    """Zeros and units; numbers that are names are not compared."""
    assert found(name, after, before).get("magnitude") == severity


def test_magnitude_knows_the_past_and_other_places() -> None:
    """What was so once, or is so elsewhere, is no surprise."""
    assert found("timeout", 3000, 30, history=(2500,)) == {}
    assert found("timeout", 3000, 30, elsewhere={"staging": 5000}) == {}
    assert found("timeout", 3000, elsewhere={"staging": 30}) == {"magnitude": "high"}


@pytest.mark.parametrize(
    ("value", "hit"),
    [
        ("https://db.staging.internal/x", True),
        ("db-stg.internal", True),
        ("staging", True),
        ("orders_development", True),
        ("https://db.prod.internal/", False),
        ("https://db.production.internal/", False),
        ("/dev/null", False),
        ("/dev:/dev:shared", False),
        ("We run this in staging first.", False),
        ("/srv/tests/data", False),
        ("{{ dev_host }}", False),
        ("developer.example-corp.net", False),
        ("https://proxy.shop.workers.dev/https://github.com/x", False),
        ("https://proxy.shop.workers.dev:8443", False),
        ("https://proxy.dev.workers.dev/", True),
        ("https://proxy.workers.dev.internal/", True),
        ("http://orders.shop.dev:8080", True),
        ("https://orders.dev", True),
        ("registry.internal/app:1.2.dev", True),
    ],
)
def test_other_environment(value: str, hit: object) -> None:
    """Names of other environments in addresses and identifiers, not in prose or paths."""
    assert ("other-environment" in found("target", value)) is bool(hit)


@pytest.mark.parametrize(
    ("name", "value", "severity"),
    [
        ("host", "localhost", "high"),
        ("url", "http://127.0.0.1:8080/x", "high"),
        ("url", "redis://[::1]:6379", "high"),
        ("bind_address", "127.0.0.1", None),
        ("no_proxy", "localhost,10.0.0.0/8", None),
        ("host", "localhost.example-corp.net", None),
        ("host", "0.0.0.0", None),  # noqa: S104 - a text
    ],
)
def test_localhost(name: str, value: str, severity: str | None) -> None:
    """Where one listens, one's own machine is a choice."""
    assert found(name, value).get("localhost") == severity
    assert "localhost" not in found(name, value, env="dev")
    assert "localhost" not in found(name, value, "localhost")


@pytest.mark.parametrize(
    ("after", "known", "hit"),
    [
        ("db-primry.internal", "db-primary.internal", True),
        ("db-priamry.internal", "db-primary.internal", True),
        ("db-primaryy.internal", "db-primary.internal", True),
        ("Flse", "False", True),
        ("db-2.internal", "db-1.internal", False),
        ("zone-b", "zone-a", False),
        ("us-east-1b", "us-east-1a", False),
        ("workers", "worker", False),
        ("db-primary.internal", "db-primary.internal", False),
        ("db-replica.internal", "db-primary.internal", False),
    ],
)
def test_near_miss(after: str, known: str, hit: object) -> None:
    """A slip of letters; digits and counting letters are other names."""
    assert ("near-miss" in found("host", after, elsewhere={"staging": known})) is bool(hit)


@pytest.mark.parametrize(
    ("value", "hit"),
    [
        ("orders ", True),
        ("\torders", True),
        ("orders\n", True),
        ("or\u200bders", True),
        ("or\u00a0ders", True),
        (", ", False),
        ("line one\nline two\n", False),
        ("\nfirst item,\nsecond item", False),
        ("\n  first item\n  second item", True),
        ("\norders", True),
        ("two words", False),
    ],
)
def test_white_space(value: str, hit: object) -> None:
    """Around a text and within it; separators and documents are meant so."""
    assert ("white-space" in found("topic", value)) is bool(hit)
    assert "white-space" not in found("topic", value, "before ")


@pytest.mark.parametrize(
    "value",
    [
        "CHANGEME",
        "change-me",
        "TODO",
        "tbd",
        "<your-host>",
        "YOUR_API_KEY",
        "xxxx",
        "REPLACE_ME",
        "FIXME",
        "???",
        "<PASSWORD>",
        "db.example.com",
        "insert-url-here",
    ],
)
def test_placeholders(value: str) -> None:
    """Texts of templates."""
    assert found("topic", value)["placeholder"] == "high"


@pytest.mark.parametrize(
    "value",
    ["todo-service", "{{dag_id}}-{{run_id}}", "<b>bold</b>", "exchange", "your choice", "-"],
)
def test_no_placeholders(value: str) -> None:
    """Words and templates that are meant."""
    assert "placeholder" not in found("topic", value)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("note", "AKIA" + "QWERTYUIOP234567", "an AWS access key"),
        ("dsn", "postgres://app:s3cr3t-pw@db/x", "an address with a password"),
        ("note", "-----BEGIN RSA PRIVATE KEY-----\nabc", "a private key"),
        ("db_password", "hunter22", "the value of what is called a secret"),
        ("apiKey", "abcd1234", "the value of what is called a secret"),
        ("note", "kJ8sQ2mZx7Lp0vWn4RtY", "a text that looks drawn by chance"),
        ("note", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "a text that looks drawn by chance"),
        ("image_sha256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", None),
        ("password_file", "/run/secrets/db", None),
        ("db_password", "${DB_PASSWORD}", None),
        ("db_password", "/run/secrets/db", None),
        ("dsn", "postgres://app:${PW}@db/x", None),
        ("id", "6fa459ea-ee8a-3ca4-894e-db77e160355e", None),
        ("class", "org.apache.kafka.common.security.PlainLoginModule", None),
        ("path", "/usr/local/share/SomeVeryLongDirectoryName2/x", None),
    ],
)
def test_plain_secrets(name: str, value: str, kind: str | None) -> None:
    """By form, by name and by chance; hashes, paths and references are none."""
    assert secret_kind(name, value) == kind
    assert ("plain-secret" in found(name, value)) is (kind is not None)


def test_names_of_secrets() -> None:
    """Names that are about secrets do not hold any."""
    for name in ("password", "DB_PASSWORD", "clientSecret", "api-key", "auth.token"):
        assert sensitive(name), name
    for name in ("password_file", "token_ttl", "secret_name", "keyboard", "passport", "author"):
        assert not sensitive(name), name


@pytest.mark.parametrize(
    ("name", "after", "before"),
    [
        ("verify_ssl", False, True),
        ("sslmode", "disable", "verify-full"),
        ("insecureSkipVerify", True, False),
        ("disable_auth", "yes", "no"),
        ("url", "http://api.internal/", "https://api.internal/"),
        ("url", "http://proxy.internal/https://x", "https://proxy.internal/https://x"),
        ("brokers", "tls://a:1,tcp://b:1", "tls://a:1,tls://b:1"),
        ("dsn", "postgres://db/x?sslmode=disable", "postgres://db/x?sslmode=require"),
        ("protocol", "TLSv1.0", "TLSv1.2"),
        ("broker", "redis://cache:6379", "rediss://cache:6379"),
    ],
)
def test_protection_switched_off(name: str, after: Any, before: Any) -> None:
    """From on to off is critical in production; the other way is none of it."""
    assert found(name, after, before)["protection-off"] == "critical"
    assert found(name, after, before, env="dev")["protection-off"] == "high"
    assert "protection-off" not in found(name, before, after)


@pytest.mark.parametrize(
    ("name", "value"), [("tls_port", 0), ("author", "none"), ("auth_cache_ttl", 0), ("ssl", None)]
)
def test_what_is_no_switch_of_protection(name: str, value: Any) -> None:
    """Ports, times and people."""
    assert "protection-off" not in found(name, value, "x")


def test_steps_are_the_leaves_that_differ() -> None:
    """Members by name, items by value, and nothing of what is the same."""
    before = {"a": 1, "b": {"c": [1, 2]}, "same": [1]}
    after = {"a": 2, "b": {"c": [1, 3, 4], "d/e": True}, "same": [1]}
    seen = sorted(((it.pointer, it.before, it.after) for it in steps(before, after) if it), key=str)
    assert seen == [
        ("/a", 1, 2),
        ("/b/c/1", 2, UNSET),
        ("/b/c/1", UNSET, 3),
        ("/b/c/2", UNSET, 4),
        ("/b/d~1e", UNSET, True),
    ]


def test_quotations_are_harmless() -> None:
    """Capped, on one line, without what a terminal or a reader is fooled by, never a secret."""
    shown = quoted("x", 'a"b\n\u202e\ufe0f\U000e0100')
    assert shown == r'"a\"b\n\u{202e}\u{fe0f}\u{e0100}"'
    assert len(quoted("x", "word " * 200)) < 120
    assert "hunter22" not in quoted("db", {"password": "hunter22", "list": ["AKIA" + "Q" * 16]})


def test_risks_only_rise() -> None:
    """The highest counts, whoever says it."""
    assert raised("high", "none", "low") == "high"
    assert raised("low", "critical") == "critical"
    assert risk_of([]) == "none"


def test_what_is_production() -> None:
    """By its name or because it is protected."""
    assert is_production("prod-eu", requires_approval=False)
    assert not is_production("pre-prod", requires_approval=False)
    assert not is_production("staging", requires_approval=False)
    assert is_production("staging", requires_approval=True)


def test_quantities() -> None:
    """Units of time and size."""
    assert quantity("500ms") == (0.5, "time")
    assert quantity("2GiB") == (2 * 1024**3, "size")
    assert quantity("1_000") == (1000.0, "")
    assert quantity("v12") is None
    assert quantity(True) is None
