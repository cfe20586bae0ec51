"""What is rendered reads back the same, for every format and whatever the values hold."""

import shutil
import subprocess
from pathlib import Path
from typing import cast

import dotenv
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from central_config.core.json import JSON, equal
from central_config.interop.model.env_text import variable_name
from central_config.interop.model.formats import parse, render
from central_config.interop.model.terms import Format

CHARACTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(CHARACTERS) | st.text("ab '\"\\$`{}#=:;!%~\n\r\t-[]&*|>.,01_", max_size=12) | (
    st.sampled_from(["no", "on", "12:30", "0777", "1_000", "null", "~", "2026-01-01", "1e3", "<<"])
)  # fmt: skip
SEGMENTS = st.text("abcXYZ019._-", min_size=1, max_size=5).filter(lambda s: s not in {".", ".."})
PLAIN_SEGMENTS = st.text("abcXYZ019_-", min_size=1, max_size=5)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
SMALL_NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)


def keys(segments: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(segments, min_size=1, max_size=4).map("/".join)


def values(scalars: st.SearchStrategy[JSON]) -> st.SearchStrategy[JSON]:
    inner = st.recursive(
        scalars,
        lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(TEXTS, deeper, max_size=3),
        max_leaves=6,
    )
    empty: dict[str, JSON] = {}
    whole = cast("st.SearchStrategy[JSON]", st.lists(inner, max_size=3) | st.just(empty))
    return scalars | whole


ANY = values(st.none() | st.booleans() | NUMBERS | TEXTS)
TOML_ABLE = values(st.booleans() | SMALL_NUMBERS | TEXTS)


def again(values: dict[str, JSON], format_: Format) -> dict[str, JSON]:
    text, _ = render(values, format_)
    parsed = parse(text, format_, references="keep")
    assert not [n for n in parsed.notices if n.code.startswith(("key-", "yaml-"))], text
    return {entry.key: entry.value for entry in parsed.entries}


@given(st.dictionaries(keys(SEGMENTS), ANY, max_size=8))
@example({"a": "x\n", "a/b": "\n x", "a/b/c": "\x85\u2028\ufeff", "d": "a \n b"})
@pytest.mark.parametrize("format_", [Format.YAML, Format.JSON])
def test_nested(format_: Format, values: dict[str, JSON]) -> None:
    found = again(values, format_)
    assert found.keys() == values.keys()
    assert all(equal(found[key], values[key]) for key in values), (values, found)


@given(st.dictionaries(SEGMENTS | TEXTS.filter(lambda text: "/" not in text), TEXTS, max_size=8))
def test_readers_of_yaml_1_1_find_the_same_text(values: dict[str, str]) -> None:
    text, _ = render(values, Format.YAML)
    assert yaml.safe_load(text) == values


@given(st.dictionaries(keys(SEGMENTS), TOML_ABLE, max_size=8))
def test_toml(values: dict[str, JSON]) -> None:
    found = again(values, Format.TOML)
    assert found.keys() == values.keys()
    assert all(equal(found[key], values[key]) for key in values), (values, found)


@given(st.dictionaries(keys(PLAIN_SEGMENTS), TEXTS, max_size=8))
def test_properties(values: dict[str, JSON]) -> None:
    assert again(values, Format.PROPERTIES) == values


@given(st.dictionaries(keys(SEGMENTS), st.none() | TEXTS, max_size=8))
def test_ini(values: dict[str, JSON]) -> None:
    text, notices = render(values, Format.INI)
    left_out = {notice.key for notice in notices if notice.code == "ini-skipped"}
    found = {e.key: e.value for e in parse(text, Format.INI, references="keep").entries}
    assert found == {key: value for key, value in values.items() if key not in left_out}


@given(st.dictionaries(SEGMENTS.filter(lambda s: not s.startswith("..")), TEXTS, max_size=8))
def test_configmap(values: dict[str, JSON]) -> None:
    assert again(values, Format.CONFIGMAP) == values


def variables(texts: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(keys(SEGMENTS).map(lambda key: f"t/{key}"), texts, max_size=8)


NO_NUL = TEXTS.filter(lambda text: "\0" not in text)


@given(variables(NO_NUL))
def test_env(values: dict[str, str]) -> None:
    expected: dict[str, str] = {}
    for key, value in values.items():
        expected.setdefault(variable_name(key), value)
    assert again(dict(values), Format.ENV) == expected


def in_bash(file: Path) -> dict[str, str]:
    """Return what a real bash has in its environment after reading the file."""
    bash = shutil.which("bash")
    if bash is None:  # pragma: no cover
        pytest.skip("no bash on this machine")
    script = 'set -eu; set -a; . "$1"; set +a; exec env -0'
    done = subprocess.run(
        [bash, "--norc", "--noprofile", "-c", script, "bash", str(file)],
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    pairs = (item.decode().partition("=") for item in done.stdout.split(b"\0") if item)
    return {name: value for name, _, value in pairs if name.startswith("T_")}


AWKWARD = {
    "t/plain": "x", "t/empty": "", "t/blank": " a  b ", "t/single": "it's", "t/double": 'say "hi"',
    "t/both": "it's \"x\"", "t/dollar": "$HOME costs $5 `id` $(id)", "t/reference": "${HOME}",
    "t/quote-dollar": "it's $HOME `id`", "t/back": "C:\\dir\\", "t/backs": "a\\\\b\\n\\",
    "t/hash": "a #b",
    "t/lines": "-----BEGIN\nA=1\n\n  x\n-----END\n", "t/lines-quote": "it's\nT_INJECTED=1\n$x",
    "t/return": "a\r\nb\r", "t/bang": "wow!", "t/tilde": "~/x", "t/glob": "*?[a]",
    "t/unicode": "é€😀",
    "t/control": "\x01\x1b\x7f", "t/tail": "x'$\\",
}  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(variables(NO_NUL))
@example(AWKWARD)
def test_env_means_the_same_to_bash_and_to_python_dotenv(
    tmp_path: Path, values: dict[str, str]
) -> None:
    text, notices = render(values, Format.ENV)
    file = tmp_path / "x.env"
    file.write_bytes(text.encode())
    expected: dict[str, str] = {}
    for key, value in values.items():
        expected.setdefault(variable_name(key), value)
    assert in_bash(file) == expected
    shell_only = {variable_name(n.key) for n in notices if n.code == "env-shell-only" and n.key}
    read = dotenv.dotenv_values(file, interpolate=False)
    assert read == {name: value for name, value in expected.items() if name not in shell_only}
    risky = {name for name, value in expected.items() if "${" in value}
    expanded = dotenv.dotenv_values(file)
    assert all(expanded[name] == read[name] for name in read.keys() - risky)


def test_only_what_must_be_is_for_bash_alone() -> None:
    _, notices = render(AWKWARD, Format.ENV)
    assert {n.key for n in notices if n.code == "env-shell-only"} == {
        "t/quote-dollar", "t/lines-quote", "t/return", "t/tail",
    }  # fmt: skip
    assert {n.key for n in notices if n.code == "env-interpolation"} == {"t/reference"}
