"""Names, prefixes, lists, references and collisions: what all formats share."""

import pytest

from central_config.core.json import JSON
from central_config.interop.model.formats import parse, render
from central_config.interop.model.terms import Format, ParseError


def read(text: str, **options: object) -> dict[str, JSON]:
    return {e.key: e.value for e in parse(text, Format.YAML, **options).entries}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "key"),
    [("a b", "a_b"), ("[com.example]", "_com.example_"), ("naïve", "na_ve"), ("*", "_"),
     ("..", "__"), ("", "_"), ("/api//v1/", "api/v1"), ("/", "_"), ("a b//c", "a_b/c")],
)  # fmt: skip
def test_illegal_names_are_mapped_with_a_notice(name: str, key: str) -> None:
    parsed = parse(f"x:\n  '{name}': 1", Format.YAML, prefix="p/")
    assert parsed.entries[0].key == f"p/x/{key}"
    assert [(n.code, n.key, n.line) for n in parsed.notices] == [("key-renamed", f"p/x/{key}", 2)]


def test_a_slash_divides_segments_and_is_noted_below_the_top() -> None:
    parsed = parse("{a/b: 1, c: {d/e: 2}}", Format.YAML)
    assert [e.key for e in parsed.entries] == ["a/b", "c/d/e"]
    assert [(n.code, n.key) for n in parsed.notices] == [("key-split", "c/d/e")]


@pytest.mark.parametrize(
    "text", ["a b: 1\na_b: 2", "a b: 1\na*b: 2", "a: {b: 1}\na/b: 2", "'': 1\n_: 2"]
)
def test_names_that_become_one_key_are_refused_naming_both(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text, Format.YAML)
    assert "(line 1)" in caught.value.detail
    assert "(line 2)" in caught.value.detail
    assert caught.value.line == 2


def test_separator() -> None:
    assert read("a: {b: {c: 1}}", separator=".") == {"a.b.c": 1}
    assert read("a: {b: {c: 1}}", separator="__", prefix="p") == {"p/a__b__c": 1}


@pytest.mark.parametrize(
    "options", [{"prefix": "/a"}, {"prefix": "a b"}, {"prefix": "a//b"}, {"separator": " "},
                {"separator": ""}, {"separator": "//"}, {"prefix": "a\n"}]
)  # fmt: skip
def test_bad_options_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(ParseError):
        read("a: 1", **options)


def test_a_key_has_at_most_512_characters() -> None:
    assert read(f"{'k' * 510}: 1", prefix="p")
    with pytest.raises(ParseError, match="513 characters") as caught:
        read(f"a: 1\n{'k' * 511}: 1", prefix="p")
    assert caught.value.line == 2


def test_lists_whole_or_by_index() -> None:
    text = "a: [{b: 1}, [2, 3], {}]\nc: []"
    assert read(text) == {"a": [{"b": 1}, [2, 3], {}], "c": []}
    assert read(text, arrays="index") == {"a/0/b": 1, "a/1/0": 2, "a/1/1": 3, "a/2": {}, "c": []}


def test_references_are_escaped_with_one_notice_for_each_key() -> None:
    text = "a: '${X:y} ${Z} $${W} $x'\nb: [1, {c: '${d}'}]\nc: plain"
    parsed = parse(text, Format.YAML)
    assert parsed.entries[0].value == "$${X:y} $${Z} $$${W} $x"
    assert parsed.entries[1].value == [1, {"c": "$${d}"}]
    assert [(n.code, n.key, n.line) for n in parsed.notices] == [
        ("reference-escaped", "a", 1), ("reference-escaped", "b", 2),
    ]  # fmt: skip
    kept = parse(text, Format.YAML, references="keep")
    assert kept.entries[0].value == "${X:y} ${Z} $${W} $x"
    assert kept.notices == []


@pytest.mark.parametrize("format_", [Format.YAML, Format.JSON, Format.TOML])
def test_a_key_below_a_key_survives(format_: Format) -> None:
    values: dict[str, JSON] = {"x/a/b/c": 3, "x/a": 1, "x/a/b": 2, "x/d": {}, "x/d/e": 4, "y": 5}
    text, notices = render(values, format_)
    again = parse(text, format_)
    assert {e.key: e.value for e in again.entries} == values
    assert again.notices == []
    assert [(n.code, n.key) for n in notices] == [
        ("key-flat", "x/a/b/c"), ("key-flat", "x/a/b"), ("key-flat", "x/d/e"),
    ]  # fmt: skip


def test_an_object_comes_back_as_keys_and_that_is_noted() -> None:
    text, notices = render({"a": {"b": 1}}, Format.JSON)
    assert [n.code for n in notices] == ["object-flattened"]
    assert [e.key for e in parse(text, Format.JSON).entries] == ["a/b"]


@pytest.mark.parametrize("format_", list(Format))
def test_nothing_renders_and_reads_back(format_: Format) -> None:
    text, notices = render({}, format_)
    assert parse(text, format_).entries == []
    assert notices == []
