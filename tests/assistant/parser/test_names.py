"""What environments, users and keys are called."""

import pytest

from central_config.assistant.model.language.key_index import KeyIndex, stem, words_of
from central_config.assistant.model.language.names import Names, nearest


def _names(*environments: str, users: tuple[str, ...] = ()) -> Names:
    return Names(environments, users, {"mothership": ("prod",)})


@pytest.mark.parametrize(
    ("said", "slug"),
    [
        ("prod", "prod"),
        ("production", "prod"),
        ("live", "prod"),
        ("mothership", "prod"),
        ("production eu", "prod-eu"),
        ("eu production", "prod-eu"),
        ("eu-prod", "prod-eu"),
        ("eu", None),
        ("qa", None),
    ],
)
def test_an_environment_has_many_names(said: str, slug: str | None) -> None:
    assert _names("dev", "prod", "prod-eu").environment(said) == slug


def test_a_slug_is_meant_before_a_name_for_another() -> None:
    names = _names("live", "prod")

    assert names.environment("live") == "live"
    assert names.environment("prod") == "prod"
    assert names.environment("production") is None


def test_a_user_is_called_by_the_first_name_if_it_is_the_only_one() -> None:
    names = _names(users=("carol.jones", "dan.west", "dan.east", "e.jones@acme.io", "max"))

    assert names.user("carol") == "carol.jones"
    assert names.user("carol jones") == "carol.jones"
    assert names.user("e.jones") == "e.jones@acme.io"
    assert names.user("max") == "max"
    assert names.user("dan") is None
    assert names.user("e") is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [("prdo", "prod"), ("stagin", "staging"), ("prodution", "production"), ("dav", None),
     ("test", None), ("pros", None), ("unrelated", None)],
)  # fmt: skip
def test_a_typo_is_mended_if_only_one_name_is_near(said: str, meant: str | None) -> None:
    names = {name: name for name in ("prod", "staging", "production", "dev", "pro5", "tost1x")}

    assert nearest(said, names) == meant


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("http-client/maxRetries", ("http", "client", "max", "retries")),
        ("DATABASE_URL", ("database", "url")),
        ("HTTPServer.port2", ("http", "server", "port2")),
    ],
)
def test_a_key_is_made_of_words(key: str, words: tuple[str, ...]) -> None:
    assert words_of(key) == words


@pytest.mark.parametrize(
    ("word", "singular"),
    [("timeouts", "timeout"), ("retries", "retry"), ("addresses", "address"), ("boxes", "box"),
     ("https", "https"), ("redis", "redis"), ("tls", "tls"), ("status", "status"),
     ("databases", "database")],
)  # fmt: skip
def test_a_plural_is_its_singular(word: str, singular: str) -> None:
    assert stem(word) == singular


def test_an_index_finds_keys_by_what_is_said_of_them() -> None:
    index = KeyIndex(["app/DB/host", "app/db/hostnames", "app/dbx", "log.level"])

    assert index.exact("APP/db/HOST") == "app/DB/host"
    assert index.exact("app/db") is None
    assert index.of_word("hosts") == {0}
    assert index.begun_by("host") == {0, 1}
    assert index.begun_by("ho") == set()
    assert index.holding("DB") == {0, 1, 2}
    assert index.below("app/dB/*") == "app/DB/"
    assert index.below("log") == "log."
    assert index.below("app/db/host") is None
    assert index.beginning("APP/DB/hostn") == "app/db/hostn"
    assert index.beginning("zzz") is None
    assert index.named(["level", "log"]) == [3]


def test_keys_that_differ_in_case_only_are_told_apart() -> None:
    index = KeyIndex(["Log", "log"])

    assert (index.exact("Log"), index.exact("log"), index.exact("LOG")) == ("Log", "log", None)
