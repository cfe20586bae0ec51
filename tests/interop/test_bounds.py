"""Hostile and huge files: bounded work, and a refusal that says why."""

import contextlib
import time

import pytest

from central_config.interop.model.formats import parse
from central_config.interop.model.terms import MAX_NOTICES, Format, ParseError


def refusal(text: str, format_: Format, **options: int) -> ParseError:
    with pytest.raises(ParseError) as caught:
        parse(text, format_, **options)  # type: ignore[arg-type]
    return caught.value


def test_billion_laughs() -> None:
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    assert "aliases expand" in refusal("\n".join(lines), Format.YAML).detail


def test_billion_laughs_by_merging_and_by_long_text() -> None:
    lines = ["a0: &a0 {x: ha}"]
    lines += [
        f"a{i}: &a{i} {{{', '.join(f'k{j}: *a{i - 1}' for j in range(9))}}}" for i in range(1, 12)
    ]
    lines.append("z: {<<: *a11}")
    assert "aliases expand" in refusal("\n".join(lines), Format.YAML).detail
    text = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 10_000)}]"
    assert "aliases expand" in refusal(text, Format.YAML).detail


@pytest.mark.parametrize(
    ("text", "format_"),
    [
        ("a: " + "[" * 50_000, Format.YAML),
        ("a: " + "{a: " * 50_000, Format.YAML),
        ("\n".join("  " * i + "a:" for i in range(500)), Format.YAML),
        ("a: " + "- " * 50_000, Format.YAML),
        ('{"a":' * 50_000, Format.JSON),
        ('{"a":' + "[" * 50_000, Format.JSON),
        ('{"a":' * 200 + "1" + "}" * 200, Format.JSON),
        ('{"a":' + "[" * 200 + "]" * 200 + "}", Format.JSON),
        ("a = " + "[" * 50_000, Format.TOML),
        ("a." * 50_000 + "a = 1", Format.TOML),
        ("'a b' . " * 50_000 + "a = 1", Format.TOML),
        ("x = {" + "a." * 50_000 + "a = 1}", Format.TOML),
        ("[" + "a." * 50_000 + "a]", Format.TOML),
    ],
    ids=lambda value: value if isinstance(value, Format) else repr(value[:12]),
)
def test_depth_bombs(text: str, format_: Format) -> None:
    started = time.perf_counter()
    error = refusal(text, format_)
    assert time.perf_counter() - started < 10
    if "- - " not in text:
        assert "100 levels" in error.detail


def test_aliases_do_not_hide_depth() -> None:
    lines = ["a0: &a0 " + "[" * 60 + "]" * 60, "b: " + "[" * 60 + "*a0" + "]" * 60]
    assert "100 levels" in refusal("\n".join(lines), Format.YAML).detail
    assert parse("a: " + "[" * 98 + "]" * 98, Format.YAML).entries


def test_long_lines_of_dots_that_are_no_names_are_fine_in_toml() -> None:
    addresses = ", ".join(f'"10.0.0.{i}"' for i in range(200))
    numbers = ", ".join(f"{i}.5" for i in range(200))
    text = f'a = [{addresses}]\nb = [{numbers}]\nc = "{"x." * 500}"\n# {"word. " * 90}\n'
    assert len(parse(text, Format.TOML).entries) == 3


@pytest.mark.parametrize("format_", [Format.YAML, Format.PROPERTIES, Format.ENV])
def test_the_number_of_entries_is_limited(format_: Format) -> None:
    sign = ": " if format_ is Format.YAML else "="
    text = "".join(f"k{i}{sign}v\n" for i in range(11))
    assert "more than 10 keys" in refusal(text, format_, max_entries=10).detail
    assert len(parse(text, format_, max_entries=11).entries) == 11


def test_the_number_of_notices_is_limited() -> None:
    parsed = parse("".join(f"k{i}: no\n" for i in range(MAX_NOTICES + 5)), Format.YAML)
    assert len(parsed.notices) == MAX_NOTICES + 1
    assert parsed.notices[-1].code == "more-notices"
    assert "5 more" in parsed.notices[-1].detail


SIZE = 300_000
HOSTILE: dict[str, tuple[str, Format]] = {
    "yaml blanks": ("a: x" + " " * SIZE + "y", Format.YAML),
    "yaml keys": ("{" * 90 + "a" * SIZE, Format.YAML),
    "yaml anchors": ("".join(f"a{i}: &a{i} x\n" for i in range(SIZE // 12)), Format.YAML),
    "yaml digits": ("a: " + "1_" * (SIZE // 2) + "x", Format.YAML),
    "yaml colons": ("a: 1" + ":1" * (SIZE // 2) + "x", Format.YAML),
    "env blanks": ("A=x" + " " * SIZE + "y", Format.ENV),
    "env many blanks": (("A=x" + " " * 990 + "y\n") * (SIZE // 1000), Format.ENV),
    "env quotes": ("A='" * (SIZE // 3), Format.ENV),
    "ini blanks": ("[a]\nx" + " " * SIZE + "y", Format.INI),
    "ini brackets": ("[" * SIZE, Format.INI),
    "properties blanks": ("a" + " " * SIZE + "b", Format.PROPERTIES),
    "properties backslashes": ("\\" * SIZE, Format.PROPERTIES),
    "properties lines": ("a\\\n" * (SIZE // 3), Format.PROPERTIES),
    "toml escapes": ("." * 200 + ' = "' + '\\"' * (SIZE // 2), Format.TOML),
    "toml words": ("." * 200 + "a" * SIZE, Format.TOML),
    "toml quotes": ("." * 200 + "'" * SIZE, Format.TOML),
    "json strings": ('{"a": "' + '\\"' * (SIZE // 2), Format.JSON),
    "json duplicate": ('{"a": 1, "a": 2}' + '"\\' * (SIZE // 2), Format.JSON),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_file_of_this_size_takes_long(name: str) -> None:
    text, format_ = HOSTILE[name]
    started = time.perf_counter()
    with contextlib.suppress(ParseError):
        parse(text, format_)
    assert time.perf_counter() - started < 10, name


@pytest.mark.parametrize("shape", ["flat", "nested"])
def test_a_hundred_thousand_keys(shape: str, capsys: pytest.CaptureFixture[str]) -> None:
    if shape == "flat":
        text = "".join(f"key{i}: value {i}\n" for i in range(100_000))
    else:
        group = "".join(f"  key{j}: {j}\n" for j in range(100))
        text = "".join(f"group{i}:\n{group}" for i in range(1000))
    started = time.perf_counter()
    parsed = parse(text, Format.YAML)
    took = time.perf_counter() - started
    with capsys.disabled():
        print(f"\n  {shape}: 100,000 keys of YAML ({len(text)} bytes) in {took:.2f} s")  # noqa: T201
    assert len(parsed.entries) == 100_000
    assert parsed.entries[-1].source in {"line 100000", "line 101000"}
