"""The keys a question is about, where it says in other words which."""

import pytest

from central_config.assistant.model.planning.facts import Facts
from central_config.assistant.model.planning.narrowing import Aim, aim
from central_config.assistant.model.plans import Plan
from tests.assistant.planning.tenant import NOW, vocabulary

TENANT = vocabulary()


def aimed(question: str, *words: str, broad: bool = False) -> Aim:
    plan = Plan(intent="find", words=words)
    return aim(plan, Facts(question, TENANT, NOW, None), broad=broad)


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("how long does checkout wait for an answer", "checkout/http/timeout_ms"),
        ("can people buy without an account", "features/guest_cart"),
        ("is the dark look of the shop switched on", "features/dark_mode"),
        ("how verbose is search", "search/logging/level"),
        ("which machine do our e-mails go out through", "notifications/smtp/host"),
        ("how many requests a minute may the gateway get", "gateway/rate_limit/per_minute"),
        ("may the gateway be reached without https", "gateway/tls/enabled"),
        ("the tiemout of the serach api", "search/http/timeout_ms"),
    ],
)  # fmt: skip
def test_one_key_is_told_from_all_others(question: str, key: str) -> None:
    assert aimed(question).key == key


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("how long do things stay in the caches", {"cache", "ttl", "seconds"}),
        ("where do our databases run", {"database", "host"}),
    ],
)
def test_keys_for_which_as_much_speaks_are_all_meant(question: str, words: set[str]) -> None:
    found = aimed(question)
    assert found.key is None
    assert set(found.words) & words
    assert len(found.places or ()) == 2


def test_who_says_settings_means_several() -> None:
    assert aimed("the dark mode settings").key is None
    assert aimed("the dark mode").key == "features/dark_mode"


def test_a_service_alone_is_the_beginning_of_its_keys() -> None:
    assert aimed("anything about checkout").prefix == "checkout/"


def test_where_a_group_is_likely_only_words_of_keys_count() -> None:
    assert aimed("logins and payments", broad=True).prefix == "payments/"


def test_a_word_of_the_model_tips_the_scale_but_carries_none_alone() -> None:
    assert aimed("and what of yesterday", "stripe").places is None
    assert aimed("how long do we wait for them", "payments").key == "payments/http/timeout_ms"


def test_a_value_names_no_key() -> None:
    assert aimed("what is set to smtp.internal").places is None
