"""What people say for what keys are called, and what of it a question says."""

import re
from importlib.resources import files

import pytest

from central_config.assistant.model.language.associations import (
    associations,
    idle_words,
    root,
)


def said(question: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in associations(question.split()):
        found.setdefault(" ".join(one.said), set()).update(one.words)
    return found


@pytest.mark.parametrize(
    ("question", "phrase", "word"),
    [
        ("how long does it wait", "how long", "timeout"),
        ("how many days may it take", "how many days", "days"),
        ("is two factor login there", "two factor", "mfa"),
        ("who gets locked out here", "locked out", "lockout"),
        ("may they send things back", "send back", "returns"),
        ("encrypted connections", "encrypted", "tls"),
        ("was the new look switched off", "switched off", "enabled"),
    ],
)
def test_what_is_said_speaks_for_words_of_keys(question: str, phrase: str, word: str) -> None:
    assert word in said(question)[phrase]


def test_the_longest_phrase_takes_its_tokens() -> None:
    found = said("which text message was sent")
    assert "text message" in found
    assert "message" not in found


@pytest.mark.parametrize("question", ["is search on its way", "is search on .......", "switch on"])
def test_an_on_that_says_where_switches_nothing(question: str) -> None:
    switched = any("enabled" in words for words in said(question).values())
    assert switched == (question == "switch on")


@pytest.mark.parametrize(
    "forms",
    [
        ("ship", "ships", "shipped", "shipping"),
        ("retry", "retries", "retried", "retrying"),
        ("store", "stores", "stored", "storing"),
        ("pass", "passed", "passing"),
    ],
)
def test_forms_of_a_word_have_one_root(forms: tuple[str, ...]) -> None:
    assert len({root(form) for form in forms}) == 1


def test_every_line_of_the_table_says_something_for_some_words() -> None:
    place = files("central_config.assistant.model.language").joinpath("associations.txt")
    _, *parts = place.read_text(encoding="utf-8").split("\n[")
    assert [part.partition("]")[0] for part in parts] == ["shapes", "subjects", "idle"]
    lines = [line for part in parts[:-1] for line in part.splitlines()[1:] if line]
    wrong = [line for line in lines if not re.fullmatch(r"\S.*\S : [a-z0-9 -]+", line)]
    assert len(lines) > 100
    assert not wrong


def test_idle_words_name_nothing() -> None:
    assert {root("somebody"), root("customer")} <= idle_words()
    assert not said("somebody")
