"""Keys are found by what words mean, from a file that need not be well formed."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from central_config.assistant.model.language.word_index import WordIndex
from central_config.assistant.model.planning import semantic
from central_config.assistant.model.planning.meaning import MeaningsError, fused, joined
from central_config.assistant.model.planning.retrieval import Retrieval
from central_config.assistant.model.planning.semantic import WordVectors
from central_config.assistant.service.engine.doubles import ScriptedEngine
from central_config.assistant.service.planning import CANDIDATES, Planner
from tests.assistant.planning.tenant import KEYS, NOW, vocabulary
from tests.assistant.planning.vectors import LINES

KNOWN = sorted(KEYS)


def read(text: str) -> WordVectors:
    return WordVectors.read(text.encode().splitlines(keepends=True))


VECTORS = read(LINES)


def nearest(naming: Sequence[str], most: int = 5, keys: Sequence[str] = KNOWN) -> list[str]:
    return [keys[place] for place in VECTORS.index(keys).nearest(naming, most)]


def test_vectors_are_read_and_brought_to_length_one() -> None:
    assert VECTORS.summary == "10 words by 4 numbers"
    assert VECTORS.vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(VECTORS.vectors, axis=1), 1)


def test_a_header_is_none_of_the_words_and_a_first_word_is_no_header() -> None:
    assert read("10 4\n" + LINES).summary == VECTORS.summary
    assert read("pool 1 2 3\n").summary == "1 words by 3 numbers"


def test_only_what_a_name_is_split_into_is_kept_and_the_first_of_two() -> None:
    found = read("Pool 1 0\n, 1 1\n42 1 1\na 1 1\ndb.pool 1 1\nNew_York 1 1\npool 0 1\nsize 0 1\n")
    assert list(found.places) == ["pool", "size"]
    assert found.vectors[0].tolist() == [1, 0]
    assert found.skipped == 0


@pytest.mark.parametrize("line", ["x1y", "word", "word 1", "word 1 2 3", "word 1 zwei", "word 0 0"])
def test_a_line_of_another_form_is_skipped(line: str) -> None:
    found = read(f"pool 1 2\nsize 3 4\n{line}\n\nhost 5 6\n")
    assert sorted(found.places) == ["host", "pool", "size"]
    assert nearest(["payments"]) != []


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e999", "1e300"])
def test_no_number_breaks_the_others(number: str) -> None:
    found = read(f"pool 1 2\nsize {number} 4\nhost 3 4\n")
    assert sorted(found.places) == ["host", "pool"]
    assert found.summary == "2 words by 2 numbers (1 lines skipped)"
    assert np.isfinite(found.vectors).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "first line"),
        ("hello world and more\n", "are none of"),
        ("<html>\n<p>not found</p>\n", "first line"),
        ("pool " + "1 " * 5000, "first line"),
        ("3000000 2\n\x00\x01\x02 \x03\n", "no word"),
        (", 1 2\n. 3 4\n", "no word"),
        ("pool 1 2\nsize 1\nhost 1\n", "2 of its lines"),
    ],
)
def test_what_holds_no_word_vectors_is_refused(text: str, said: str) -> None:
    with pytest.raises(MeaningsError, match=said):
        read(text)


def test_memory_is_bounded_by_words_and_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic, "MOST_WORDS", 3)
    assert list(read(LINES).places) == ["the", "payments", "stripe"]
    monkeypatch.setattr(semantic, "MOST_BYTES", 2 * 4 * 4)
    assert list(read(LINES).places) == ["the", "payments"]


def test_so_is_the_number_of_lines_that_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic, "MOST_LINES", 4)
    assert list(read(LINES).places) == ["the", "payments", "stripe", "billing"]


def test_the_real_bounds() -> None:
    assert (semantic.MOST_WORDS, semantic.MOST_BYTES) == (400_000, 2**30)


def test_keys_rank_by_the_cosine_to_the_mean_of_their_words() -> None:
    keys = ("smtp/password", "payments/password", "payments/stripe", "password")
    vectors = {word: VECTORS.vectors[row] for word, row in VECTORS.places.items()}

    def cosine(key: str) -> float:
        mean = np.mean([vectors[word] for word in key.split("/")], axis=0)
        return float(mean @ vectors["invoices"]) / math.sqrt(float(mean @ mean))

    best = sorted(keys, key=cosine, reverse=True)
    expected = [key for key in best if cosine(key) >= 0.3]
    assert nearest(["invoices"], keys=keys) == expected
    assert expected[0] == "payments/stripe"
    assert len(expected) == 2


def test_keys_that_share_no_letters_are_found() -> None:
    assert nearest(["invoices"], 1)[0].startswith("payments/")
    assert all("smtp" in key for key in nearest(["Letters"], 3))


def test_words_of_every_sentence_count_for_little() -> None:
    assert nearest(["the", "invoices"], 1, ["gateway", "payments"]) == ["payments"]
    assert nearest(["the"], 1, ["gateway", "payments"]) == ["gateway"]


def test_unknown_words_count_for_nothing() -> None:
    assert nearest(["zzz", "42", ""]) == []
    assert nearest([]) == []
    assert nearest(["letters", "zzz"]) == nearest(["letters"])
    assert nearest(["letters"], keys=["zzz", "x/1"]) == []
    assert nearest(["letters"], keys=[]) == []


def test_many_keys_rank_like_few(monkeypatch: pytest.MonkeyPatch) -> None:
    together = nearest(["invoices"], 20)
    monkeypatch.setattr(semantic, "_AT_ONCE", 3)
    assert nearest(["invoices"], 20) == together


def test_fusion_puts_first_what_both_find() -> None:
    assert fused([1, 2, 3], [3, 4]) == [3, 1, 2, 4]
    assert fused([], [5]) == [5]
    assert fused([1, 2], []) == [1, 2]


def test_meaning_takes_a_quarter_and_what_letters_leave() -> None:
    crowd = joined(range(100), range(200, 300), 8)
    assert crowd == [0, 200, 1, 201, 2, 3, 4, 5]
    assert joined([], range(8), 4) == [0, 1, 2, 3]
    assert joined([7], [9, 8, 6, 5], 4) == [7, 9, 8, 6]


def test_candidates_hold_both_and_no_more_than_asked_for() -> None:
    both = Retrieval(WordIndex(KNOWN, {}), VECTORS.index(KNOWN))
    letters = Retrieval(WordIndex(KNOWN, {}))
    assert letters.candidates(("invoices",), 5) == ()
    assert both.candidates(("invoices",), 5)[0].startswith("payments/")
    assert both.candidates(("search/index/shards",), 5)[0] == "search/index/shards"
    assert len(both.candidates(("invoices", "cache"), 4)) == 4
    assert both.candidates(("zzz", "42"), 4) == ()


@pytest.mark.anyio
async def test_a_planner_that_learns_offers_them_to_the_model() -> None:
    engine = ScriptedEngine(lambda _: '{"do":"find"}')
    planner = Planner(engine)
    question = "what about our invoices these days?"
    await planner.plan(question, vocabulary(), NOW)
    planner.learn(VECTORS)
    await planner.plan(question, vocabulary(), NOW)
    before, after = (request.keys for request in engine.asked)
    assert "payments/stripe/url" not in before
    assert "payments/stripe/url" in after
    assert len(after) <= CANDIDATES
