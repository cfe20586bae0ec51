"""Values, names of variables, text that is safe on a terminal, output, addresses."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central_config.cli.client import check_url, is_private, key_path, refusal, segment
from central_config.cli.commands.run import guarded
from central_config.cli.errors import CONFLICT, NOT_ALLOWED, NOT_FOUND, REFUSED, UsageError
from central_config.cli.naming import parse_mappings, variable_name, variables_of
from central_config.cli.output import json_text, stdout, table, value_text, yaml_text
from central_config.cli.text import safe_block, safe_json, safe_line
from central_config.cli.values import parse_pair, parse_value
from central_config.cli.watching import LONGEST_PAUSE, pause_after


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("5.0", 5.0),
        ("-3", -3),
        ("true", True),
        ("null", None),
        ('{"a": [1]}', {"a": [1]}),
        ("[]", []),
        ("", ""),
        ("plain", "plain"),
        ('"5"', '"5"'),
        ("True", "True"),
        ("NaN", "NaN"),
        ("{broken", "{broken"),
        ("1.2.3", "1.2.3"),
        ("0644", "0644"),
        ("no", "no"),
        ("${db/host}", "${db/host}"),
    ],
)
def test_auto_takes_json_but_leaves_strings(text: str, value: object) -> None:
    parsed = parse_value(text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_the_other_types() -> None:
    assert parse_value("5", "string") == "5"
    assert parse_value('"5"', "json") == "5"
    with pytest.raises(UsageError):
        parse_value("plain", "json")
    assert parse_pair("a/b=c=d") == ("a/b", "c=d")
    for text in ("a", "=b"):
        with pytest.raises(UsageError):
            parse_pair(text)


@given(st.text())
def test_a_string_that_is_shown_plain_is_read_back(text: str) -> None:
    shown = value_text(text)
    if shown == text:
        assert parse_value(shown) == text


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("a/b-c", "A_B_C"),
        ("db/pool.size", "DB_POOL_SIZE"),
        ("2fa/on", "_2FA_ON"),
        ("a__b", "A_B"),
        ("-", ""),
    ],
)
def test_names_of_variables(key: str, name: str) -> None:
    assert variable_name(key) == name


def test_the_prefix_is_left_out() -> None:
    assert variable_name("shop/db/host", "shop/") == "DB_HOST"
    assert variable_name("shop/db/host", "shop") == "DB_HOST"


def test_variables_of_an_environment() -> None:
    values = {"db/host": "h", "db/port": 5432, "on": True, "none": None, "list": ["a", 1]}
    assert variables_of(values) == {
        "DB_HOST": "h",
        "DB_PORT": "5432",
        "ON": "true",
        "NONE": "",
        "LIST": '["a",1]',
    }


def test_two_keys_of_one_name_are_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"a/b and a\.b both become the variable A_B"):
        variables_of({"a/b": 1, "a.b": 2})
    assert variables_of({"a/b": 1, "a.b": 2}, "", {"a.b": "OTHER"}) == {"A_B": "1", "OTHER": "2"}


def test_variables_that_cannot_be() -> None:
    with pytest.raises(UsageError, match="NUL"):
        variables_of({"a": "x\0y"})
    with pytest.raises(UsageError, match="not there: x"):
        variables_of({"a": 1}, "", {"x": "X"})
    for text in ("a", "a=1X", "a=B-C"):
        with pytest.raises(UsageError):
            parse_mappings([text])


@pytest.mark.parametrize("name", ["PATH", "LD_PRELOAD", "CENTRAL_CONFIG_TOKEN"])
def test_variables_that_steer_programs_must_be_asked_for(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        guarded({name: "x"}, {})
    assert guarded({name: "x"}, {"key": name}) == {name: "x"}


EVIL = "a\x1b[31mred\x07\x9b\u202e\u200b\r\nb\tc"


def test_control_characters_are_shown_not_sent() -> None:
    assert safe_line(EVIL) == "a\\x1b[31mred\\x07\\x9b\\u202e\\u200b\\r\\nb\\tc"
    assert safe_block(EVIL) == "a\\x1b[31mred\\x07\\x9b\\u202e\\u200b\\r\nb\tc"


@given(st.text())
def test_no_form_of_output_holds_a_control_character(text: str) -> None:
    for shown in (safe_line(text), safe_block(text), json_text({text: text}), value_text(text)):
        assert not any(
            (ord(c) < 0x20 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 for c in shown
        ), ascii(shown)


@given(st.text())
def test_safe_json_means_the_same(text: str) -> None:
    assert json.loads(safe_json(json.dumps(text, ensure_ascii=False))) == text


def test_yaml_quotes_what_other_readers_would_misread() -> None:
    assert yaml_text({"a": "no", "b": ["5", 5, None]}) == "a: 'no'\nb:\n- '5'\n- 5\n- null\n"
    assert yaml_text("s") == "s\n"


def test_tables_take_values_as_text_and_are_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    stdout().print(table(["key", "value"], [["k", "[bold]x[/bold] :smile:"], ["l", "y" * 500]]))
    out = capsys.readouterr().out
    assert "[bold]x[/bold] :smile:" in out
    assert "y" * 500 in out


def test_cells() -> None:
    assert value_text("plain text") == "plain text"
    assert value_text("5") == '"5"'
    assert value_text("") == '""'
    assert value_text(" x ") == '" x "'
    assert value_text(5) == "5"
    assert value_text("x" * 1000).endswith("... (1000 characters)")


def test_addresses_of_servers() -> None:
    assert check_url("https://c.example/") == "https://c.example"
    assert check_url("http://h:1/api/v1") == "http://h:1"
    for url in (
        "c.example",
        "ftp://c.example",
        "https://",
        "https://u:p@c.example",
        "http://h/?x=1",
    ):
        with pytest.raises(UsageError):
            check_url(url)
    assert is_private("https://c.example")
    assert is_private("http://127.0.0.1:8000")
    assert not is_private("http://c.example")


def test_names_cannot_leave_their_place_in_an_address() -> None:
    assert segment("a/../b?x#y") == "a%2F..%2Fb%3Fx%23y"
    for text in ("", ".", ".."):
        with pytest.raises(UsageError):
            segment(text)
    for key in ("../x", "a/../b", "/a", "a//b", "a b", "a?b"):
        with pytest.raises(UsageError):
            key_path(key)


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, NOT_ALLOWED), (403, NOT_ALLOWED), (404, NOT_FOUND), (412, CONFLICT), (422, REFUSED)],
)
def test_exit_codes_of_refusals(status: int, code: int) -> None:
    body = json.dumps({"title": "T", "status": status, "detail": "D", "code": "c"}).encode()
    error = refusal(status, body)
    assert (error.code, error.message) == (code, "T: D")


def test_an_answer_that_is_no_problem_document() -> None:
    error = refusal(502, b"<html>bad gateway</html>")
    assert "HTTP 502 <html>bad gateway" in error.message


def test_pauses_grow_and_differ() -> None:
    assert 0.25 <= pause_after(0) <= 0.5
    assert LONGEST_PAUSE / 2 <= pause_after(50) <= LONGEST_PAUSE
    assert len({pause_after(3) for _ in range(20)}) > 1
