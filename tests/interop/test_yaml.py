"""Reading and writing YAML: the core schema, ambiguity, anchors, documents, lines."""

import pytest

from central_config.core.json import JSON
from central_config.interop.model.formats import parse, render
from central_config.interop.model.terms import Format, ParseError


def read(text: str, **options: object) -> dict[str, JSON]:
    return {e.key: e.value for e in parse(text, Format.YAML, **options).entries}  # type: ignore[arg-type]


def refusal(text: str) -> ParseError:
    with pytest.raises(ParseError) as caught:
        parse(text, Format.YAML)
    return caught.value


def test_nested_maps_become_segments_and_entries_know_their_lines() -> None:
    parsed = parse("spring:\n  datasource:\n    url: x\n    tries: 3\n", Format.YAML)
    assert [(e.key, e.value, e.source) for e in parsed.entries] == [
        ("spring/datasource/url", "x", "line 3"),
        ("spring/datasource/tries", 3, "line 4"),
    ]
    assert parsed.notices == []


def test_a_name_with_dots_stays_one_segment() -> None:
    assert read("app.db.host: x") == {"app.db.host": "x"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("true", True), ("FALSE", False),
        ("tRUE", "tRUE"), ("0", 0), ("-7", -7), ("+7", 7), ("0x1F", 31), ("1.5", 1.5), (".5", 0.5),
        ("1.", 1.0), ("1.5e3", 1500.0), ("nan", "nan"), ("1.2.3", "1.2.3"), ("8080:80", "8080:80"),
        ("12345678901234567890123456789", 12345678901234567890123456789), ("10.0.0.1", "10.0.0.1"),
        ("-", None), ("1 000", "1 000"), ("v1", "v1"), ("nope", "nope"), ("'1'", "1"), ('"~"', "~"),
        ("!!str 1", "1"), ("!!int '5'", 5), ("!!float 1", 1.0), ("! 12", "12"), ("{}", {}),
        ("[]", []), ("[1, {a: no-op}]", [1, {"a": "no-op"}]),
    ],
)  # fmt: skip
def test_core_schema(text: str, value: JSON) -> None:
    if text == "-":
        text, value = '"-"', "-"
    parsed = parse(f"k: {text}", Format.YAML)
    found = parsed.entries[0].value
    assert (found, type(found)) == (value, type(value))
    assert parsed.notices == []


@pytest.mark.parametrize(
    ("text", "code"),
    [(word, "yaml-ambiguous-word") for word in ("no", "Yes", "ON", "off", "y", "N")]
    + [
        (number, "yaml-ambiguous-number")
        for number in ("12:30:00", "22:22", "0777", "0o777", "007", "0888", "1_000", "0b101",
                       "0x1_F", "1_0.5", "-012")
    ]
    + [(date, "yaml-ambiguous-date") for date in ("2026-01-15", "2026-1-5T10:00:00Z")],
)  # fmt: skip
def test_what_the_versions_read_differently_stays_text_and_is_noted(text: str, code: str) -> None:
    parsed = parse(f"a:\n  b: {text}\n", Format.YAML)
    assert parsed.entries[0].value == text
    assert [(n.code, n.key, n.line) for n in parsed.notices] == [(code, "a/b", 2)]
    quoted = parse(f"a: '{text}'", Format.YAML)
    assert quoted.entries[0].value == text
    assert quoted.notices == []


def test_an_exponent_without_a_dot_is_a_number_but_noted() -> None:
    parsed = parse("tag: 7e12", Format.YAML)
    assert parsed.entries[0].value == 7e12
    assert [n.code for n in parsed.notices] == ["yaml-ambiguous-number"]


def test_ambiguous_names_and_list_items_are_noted_with_their_key() -> None:
    parsed = parse("on: 1\ncountries: [DE, no]\n", Format.YAML, prefix="p")
    assert [(n.key, n.line) for n in parsed.notices] == [("p/on", 1), ("p/countries", 2)]
    indexed = parse("countries: [DE, no]", Format.YAML, arrays="index")
    assert [n.key for n in indexed.notices] == ["countries/1"]


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999", "9" * 5000])
def test_what_json_has_no_number_for_is_refused(text: str) -> None:
    assert refusal(f"a: 1\nb: {text}").line == 2


def test_duplicate_names_are_refused_with_both_lines() -> None:
    error = refusal("a: 1\nb: 2\na: 3\n")
    assert "lines 1 and 3" in error.detail
    assert error.line == 3
    assert "lines 1 and 1" in refusal("{1: a, '1': b}").detail


def test_anchors_aliases_and_merges() -> None:
    text = """
base: &base {tries: 3, wait: 1s, tags: &tags [a]}
other: &other {wait: 9s, extra: true}
one:
  <<: *base
  wait: 2s
two:
  <<: [*base, *other]
  tags: *tags
name: &n text
copy: *n
"""
    values = read(text)
    assert values["one/wait"] == "2s"
    assert values["one/tries"] == 3
    assert values["two/wait"] == "1s"
    assert values["two/extra"] is True
    assert values["two/tags"] == ["a"]
    assert values["copy"] == "text"
    assert read("'<<': 1") == {"__": 1} or read("'<<': 1") == {"_": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: *x", "not defined"),
        ("a: &x [*x]", "stands inside"),
        ("a: {<<: 1}", "merges maps only"),
        ("x: &x {a: 1}\nb:\n  <<: *x\n  <<: *x", "occurs twice"),
        ("? [a]\n: 1", "must be text"),
        ("a: !!python/object/apply:os.system ['true']", "`!!python/object/apply:os.system`"),
        ("a: !vault x", "`!vault`"),
        ("a: !!binary aGk=", "not supported"),
        ("a: !!set {x}", "not supported"),
        ("a: !!int x", "tagged `!!int`"),
        ("- a\n- b", "is a list"),
        ("just text", "single value"),
        ("a: {{ .Values.x }}", "render it first"),
        ("a: \x01", "character"),
        ("a: [1", "expected"),
    ],
)
def test_refusals_say_what_is_wrong(text: str, words: str) -> None:
    assert words in refusal(text).detail


def test_syntax_errors_have_line_and_column() -> None:
    error = refusal("a: 1\n b: 2\n")
    assert (error.line, error.column) == (2, 3)


def test_several_documents_are_refused_naming_each() -> None:
    text = "a: 1\n---\nspring.x: 1\nspring:\n  config:\n    activate:\n      on-profile: prod\n"
    error = refusal(text)
    assert "2 documents" in error.detail
    assert "number 2 on line 2, profile prod" in error.detail
    assert "environment of that profile" in error.detail


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "{}"])
def test_nothing_is_no_entries(text: str) -> None:
    assert parse(text, Format.YAML).entries == []


def test_empty_documents_around_the_one_are_no_matter() -> None:
    assert read("---\n---\na: 1\n---\n...\n") == {"a": 1}
    assert read("\ufeff%YAML 1.2\n---\na: 1") == {"a": 1}


def test_block_scalars_and_quotes() -> None:
    text = "a: |\n  x\n   y\nb: >-\n  x\n  y\nc: \"tab\\t\\u20ac\"\nd: 'it''s'\n"
    assert read(text) == {"a": "x\n y\n", "b": "x y", "c": "tab\t€", "d": "it's"}


def test_output_quotes_what_either_version_would_misread() -> None:
    misread = ["no", "on", "Y", "1_000", "12:30", "12:30:00", "0777", "0o17", "0888", "1e3", "null",
               "~", "", "2026-01-15", "0b1", ".inf", "true", "=", "<<", "- x", "a: b"]  # fmt: skip
    text, notices = render({f"k{i}": word for i, word in enumerate(misread)}, Format.YAML)
    assert notices == []
    for line, word in zip(text.splitlines(), misread, strict=True):
        assert line.partition(": ")[2] == f"'{word}'", line
    assert "on" in read(render({"on": 1}, Format.YAML)[0])


def test_output_is_block_style_and_does_not_fold() -> None:
    values: dict[str, JSON] = {"a/b": "x " * 200 + "y", "a/c": "one\ntwo\n", "d": [1, {"e": []}]}
    text, _ = render(values, Format.YAML)
    assert text.splitlines()[0] == "a:"
    assert "  c: |\n    one\n    two\n" in text
    assert len(text.splitlines()) == 8
