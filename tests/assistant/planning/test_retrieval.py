"""The keys that a question is most likely about, and how words come to be alike."""

import pytest

from central_config.assistant.model.language.word_index import WordIndex, alike
from central_config.assistant.model.planning.retrieval import Retrieval
from tests.assistant.planning.tenant import KEYS

SYNONYMS = {"postgres": ("database",), "mail server": ("smtp host",), "mail": ("smtp",)}
RETRIEVAL = Retrieval(WordIndex(sorted(KEYS), SYNONYMS))


@pytest.mark.parametrize(
    ("naming", "first"),
    [
        (("dark", "mode"), "features/dark_mode"),
        (("shard",), "search/index/shards"),
        (("guestcart",), "features/guest_cart"),
        (("stripe", "url"), "payments/stripe/url"),
        (("gatway", "burts"), "gateway/rate_limit/burst"),
        (("postgres", "pool"), "checkout/database/pool/max"),
        (("mail", "port"), "notifications/smtp/port"),
        (("search/index/shards",), "search/index/shards"),
    ],
)
def test_the_best_candidate_comes_first(naming: tuple[str, ...], first: str) -> None:
    assert RETRIEVAL.candidates(naming, 5)[0] == first


def test_a_rare_word_is_worth_more_than_a_common_one() -> None:
    found = RETRIEVAL.candidates(("payments", "shards"), 3)
    assert found[0] == "search/index/shards"


def test_no_more_than_asked_for_and_nothing_for_strangers() -> None:
    assert len(RETRIEVAL.candidates(("timeout", "cache", "database"), 4)) == 4
    assert RETRIEVAL.candidates(("zzz", "42"), 4) == ()


def test_words_come_with_the_closest_first() -> None:
    assert RETRIEVAL.words(("passwords",), 3)[0] == "password"
    assert RETRIEVAL.words(("mail",), 3)[0] == "smtp"


def test_common_words_are_those_of_the_most_keys_in_a_steady_order() -> None:
    common = RETRIEVAL.common(4)
    assert set(common) == {"cache", "checkout", "database", "payments"}
    assert list(common) == sorted(common)


def test_forms_and_typos_of_words() -> None:
    index = WordIndex(["mail/retries", "mail/timeout-ms", "mail/host"], {})
    assert index.forms("retry") == ["retries"]
    assert index.misspelt("tiemout") == "timeout"
    assert index.misspelt("hots") is None, "in so short a word a letter makes another one"
    assert index.begun("timeouts") == {"timeout": 0.8}


def test_likeness() -> None:
    assert alike("cache", "cache") == 1.0
    assert alike("caches", "cache") > 0.6
    assert alike("gateway", "features") < 0.2
