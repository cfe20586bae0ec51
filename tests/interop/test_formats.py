"""JSON, TOML, .properties, .env, INI and ConfigMaps, one by one."""

import pytest

from central_config.core.json import JSON
from central_config.interop.model.formats import parse, render
from central_config.interop.model.guess import guess_format
from central_config.interop.model.terms import Format, ParseError


def read(text: str, format_: Format, **options: object) -> dict[str, JSON]:
    return {e.key: e.value for e in parse(text, format_, **options).entries}  # type: ignore[arg-type]


def codes(text: str, format_: Format) -> list[str]:
    return [notice.code for notice in parse(text, format_).notices]


def refusal(text: str, format_: Format) -> ParseError:
    with pytest.raises(ParseError) as caught:
        parse(text, format_)
    return caught.value


# -- JSON


def test_json_values_and_paths() -> None:
    parsed = parse('{"a": {"b": [1, null, "\\u00e9"], "c": {}}, "d/e": -0.5}', Format.JSON)
    assert [(e.key, e.value, e.source) for e in parsed.entries] == [
        ("a/b", [1, None, "é"], "a.b"),
        ("a/c", {}, "a.c"),
        ("d/e", -0.5, "d/e"),
    ]


def test_json_duplicates_are_refused_with_both_lines() -> None:
    error = refusal('{\n "x": {"a": 1},\n "y": {"a": 2,\n  "\\u0061": 3}}', Format.JSON)
    assert "`a` occurs twice, on lines 3 and 4" in error.detail
    assert (error.line, error.column) == (4, 3)


@pytest.mark.parametrize(
    ("text", "line"),
    [('{"a": 1,\n}', 2), ('{"a": NaN}', None), ('{"a": 1e999}', None), ("", 1), ('{"a"', 1),
     ("[1]", None), ('{"a": ' + "9" * 5000 + "}", None), ('{"a": "\\ud800"}', None),
     ('{"a": ["\\ud800"]}', None)],
)  # fmt: skip
def test_json_refusals(text: str, line: int | None) -> None:
    assert refusal(text, Format.JSON).line == line


def test_json_output() -> None:
    text, notices = render({"a/b": 1, "a/c": "é", "z": []}, Format.JSON)
    assert text == '{\n  "a": {\n    "b": 1,\n    "c": "é"\n  },\n  "z": []\n}\n'
    assert notices == []


# -- TOML


def test_toml_dates_become_text_with_a_notice() -> None:
    text = "a = 2026-01-15T08:00:00Z\n[t]\nd = [2026-01-15]\nl = 07:32:00\nn = 0x10\n"
    parsed = parse(text, Format.TOML)
    assert {e.key: e.value for e in parsed.entries} == {
        "a": "2026-01-15T08:00:00Z", "t/d": ["2026-01-15"], "t/l": "07:32:00", "t/n": 16,
    }  # fmt: skip
    assert [(n.code, n.key) for n in parsed.notices] == [
        ("toml-date", "a"), ("toml-date", "t/d"), ("toml-date", "t/l"),
    ]  # fmt: skip
    indexed = parse(text, Format.TOML, arrays="index")
    assert "t/d/0" in {n.key for n in indexed.notices}


@pytest.mark.parametrize("text", ["a = inf", "a = nan", "a = [-inf]", "a = 1\na = 2", "a = ", "x",
                                  "a = 1e999", "a = " + "9" * 5000])  # fmt: skip
def test_toml_refusals(text: str) -> None:
    refusal(text, Format.TOML)


def test_toml_errors_have_line_and_column() -> None:
    error = refusal("a = 1\nb = ?\n", Format.TOML)
    assert (error.line, error.column) == (2, 5)
    assert "line" not in error.detail


def test_toml_leaves_out_what_it_cannot_say() -> None:
    values: dict[str, JSON] = {"a": None, "b": [1, None], "c": 2**63, "d": [{"x": 1}], "e/f": 1.5}
    text, notices = render(values, Format.TOML)
    assert read(text, Format.TOML) == {"d": [{"x": 1}], "e/f": 1.5}
    assert [(n.code, n.key) for n in notices] == [("toml-skipped", key) for key in "abc"]


# -- .properties


def test_properties() -> None:
    text = (
        "# c\n! c\na.b=1\nc : two \\\n   lines\nd\\ e\\:f = \\u20ac\\t\ng h\nempty=\nlone\n"
        "x/y.z=kept\n"
    )
    parsed = parse(text, Format.PROPERTIES)
    assert [(e.key, e.value, e.source) for e in parsed.entries] == [
        ("a/b", "1", "line 3"), ("c", "two lines", "line 4"), ("d_e_f", "€\t", "line 6"),
        ("g", "h", "line 7"), ("empty", "", "line 8"), ("lone", "", "line 9"),
        ("x/y.z", "kept", "line 10"),
    ]  # fmt: skip
    assert [n.code for n in parsed.notices] == ["key-renamed"]


def test_properties_keep_their_dots_if_the_separator_is_a_dot() -> None:
    values = read("a.b.c=1", Format.PROPERTIES, separator=".", prefix="p/q")
    assert values == {"p/q/a.b.c": "1"}


def test_properties_last_one_wins_with_a_notice() -> None:
    parsed = parse("a.b=1\nc=2\na.b=3\n", Format.PROPERTIES)
    assert [(e.key, e.value, e.source) for e in parsed.entries] == [
        ("a/b", "3", "line 3"), ("c", "2", "line 2"),
    ]  # fmt: skip
    assert [(n.code, n.key, n.line) for n in parsed.notices] == [("duplicate-name", "a/b", 3)]


def test_properties_malformed_escape() -> None:
    assert refusal("a=1\nb=\\u12\n", Format.PROPERTIES).line == 2


def test_properties_output() -> None:
    values: dict[str, JSON] = {"a/b": " x=é\n", "a/c.d": 8080, "a/c/d": True, "n": None}
    text, notices = render(values, Format.PROPERTIES)
    assert text == "a.b=\\ x\\=\\u00e9\\n\na.c.d=8080\nn=\n"
    assert [n.code for n in notices] == ["values-as-text", "key-collision", "key-dotted"]
    assert "`a/c.d` and `a/c/d`" in notices[1].detail


# -- .env


def test_env() -> None:
    text = (
        '# c\nexport A=1\nB=\'it is $5 ${X}\'\nC="a\\nb \\"q\\""\nD=plain # comment\nE=\n\n'
        'F="two\nlines"\nG = spaced\nBARE\n'
    )
    parsed = parse(text, Format.ENV, references="keep")
    assert [(e.key, e.value, e.source) for e in parsed.entries] == [
        ("A", "1", "line 2"), ("B", "it is $5 ${X}", "line 3"), ("C", 'a\nb "q"', "line 4"),
        ("D", "plain", "line 5"), ("E", "", "line 6"), ("F", "two\nlines", "line 8"),
        ("G", "spaced", "line 10"),
    ]  # fmt: skip
    assert [(n.code, n.key, n.line) for n in parsed.notices] == [("no-value", "BARE", 11)]


def test_env_does_not_look_at_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIDDEN", "secret")
    assert read("A=${HIDDEN}", Format.ENV, references="keep") == {"A": "${HIDDEN}"}


def test_env_names_stay_one_segment_and_values_stay_text() -> None:
    assert read("DATABASE_POOL.SIZE=010", Format.ENV) == {"DATABASE_POOL.SIZE": "010"}


def test_env_open_quote_is_refused_at_its_line() -> None:
    assert refusal("A=1\nB='open\nC=2\n", Format.ENV).line == 2


def test_env_duplicates() -> None:
    assert read("A=1\nA=2", Format.ENV) == {"A": "2"}
    assert codes("A=1\nA=2", Format.ENV) == ["duplicate-name"]


def test_env_output_names_and_collisions() -> None:
    values: dict[str, JSON] = {
        "a/b-c.d": 1,
        "a.b/c_d": 2,
        "9/lives": [1, "x"],
        "uid": 5,
        "nul": "\0",
    }
    text, notices = render(values, Format.ENV)
    assert text == "A_B_C_D=1\n_9_LIVES='[1,\"x\"]'\n"
    assert [(n.code, n.key) for n in notices] == [
        ("values-as-text", None), ("key-collision", "a.b/c_d"), ("env-skipped", "uid"),
        ("env-skipped", "nul"),
    ]  # fmt: skip
    assert "`a/b-c.d` and `a.b/c_d`" in notices[1].detail


# -- INI


def test_ini() -> None:
    text = (
        "top = 1\n[A b]\nKey = v ; kept\nlist =\n  x\n  y\nswitch\n[a/b]\nurl: http://x?a=b\n"
        "# c\n; c\n[DEFAULT]\nd = %(x)s\n"
    )
    parsed = parse(text, Format.INI)
    assert [(e.key, e.value) for e in parsed.entries] == [
        ("top", "1"), ("A_b/Key", "v ; kept"), ("A_b/list", "\nx\ny"), ("A_b/switch", None),
        ("a/b/url", "http://x?a=b"), ("DEFAULT/d", "%(x)s"),
    ]  # fmt: skip
    assert {n.code for n in parsed.notices} == {"key-renamed", "ini-default", "ini-interpolation"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[a]\nx=1\nx=2", 3),
        ("[a]\nx=1\n[a]\ny=1", 3),
        ("[a]\nsome stray words", 2),
        ("x=1\n= 2", 2),
    ],
)
def test_ini_refusals_have_lines_and_quote_no_values(text: str, line: int) -> None:
    error = refusal(text, Format.INI)
    assert error.line == line
    assert "stray" not in error.detail


def test_ini_output() -> None:
    values: dict[str, JSON] = {
        "s/a": "x", "top": "1", "s/b": None, "s/t/c": "l1\nl2", "s/d": " pad", "s/e": "", "s/f": 3,
    }  # fmt: skip
    text, notices = render(values, Format.INI)
    assert text == "top = 1\n\n[s]\na = x\nb\ne =\nf = 3\n\n[s/t]\nc = l1\n    l2\n"
    assert [n.code for n in notices] == ["values-as-text", "ini-skipped", "ini-no-section"]


# -- ConfigMap


def test_configmap_of_yaml_and_json() -> None:
    text = (
        "kind: ConfigMap\napiVersion: v1\nmetadata: {name: x}\ndata:\n  A_B: '1'\n"
        "  application.yml: |\n    server:\n      port: 1\nbinaryData:\n  logo.png: aGk=\n"
    )
    parsed = parse(text, Format.CONFIGMAP, prefix="cm")
    assert [(e.key, e.value, e.source) for e in parsed.entries] == [
        ("cm/A_B", "1", "line 5"), ("cm/application.yml", "server:\n  port: 1\n", "line 6"),
    ]  # fmt: skip
    assert [(n.code, n.key) for n in parsed.notices] == [("binary-skipped", "cm/logo.png")]
    assert read('{"kind":"ConfigMap","data":{"a":"b"}}', Format.CONFIGMAP) == {"a": "b"}
    assert read("kind: ConfigMap\ndata:\n", Format.CONFIGMAP) == {}
    assert codes("kind: ConfigMap\ndata: {a: 1}", Format.CONFIGMAP) == ["configmap-not-text"]


@pytest.mark.parametrize(
    ("text", "words"),
    [("kind: Secret\ndata: {a: eA==}", "Secret"), ("kind: List\nitems: []", "list"),
     ("a: 1", "kind"), ("", "kind"), ("- 1", "kind"),
     ("kind: ConfigMap\ndata: [1]", "must be a map"),
     ("kind: ConfigMap\n---\nkind: Service", "number 2 on line 2, Service")],
)  # fmt: skip
def test_configmap_refusals(text: str, words: str) -> None:
    assert words in refusal(text, Format.CONFIGMAP).detail


def test_configmap_output() -> None:
    values: dict[str, JSON] = {"a/b": "no", "a.b": "x", "m": 1, "..x": "x", "t": "l1\nl2\n"}
    text, notices = render(values, Format.CONFIGMAP, name="shop", namespace="prod")
    assert text == (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\n  namespace: prod\n"
        "data:\n  a.b: 'no'\n  m: '1'\n  t: |\n    l1\n    l2\n"
    )
    assert [n.code for n in notices] == ["values-as-text", "key-collision", "configmap-skipped"]


def test_configmap_limits() -> None:
    _, notices = render({"a": "x" * 1_048_577}, Format.CONFIGMAP)
    assert [n.code for n in notices] == ["configmap-too-large"]
    for name, namespace in (("No", None), ("a" * 254, None), ("ok", "a.b")):
        with pytest.raises(ValueError, match="Kubernetes"):
            render({}, Format.CONFIGMAP, name=name, namespace=namespace)


EMBEDDED = """\
kind: ConfigMap
data:
  LOG_LEVEL: info
  nginx.conf: "x { y; }"
  application.yml: |
    server:
      port: 8080
      country: no
  db.properties: |
    db.pool=5
  broken.json: "{"
"""


def test_configmap_files_can_be_taken_apart() -> None:
    parsed = parse(EMBEDDED, Format.CONFIGMAP, prefix="p", embedded="expand")
    assert [(e.key, e.value, e.source) for e in parsed.entries] == [
        ("p/LOG_LEVEL", "info", "line 3"),
        ("p/nginx.conf", "x { y; }", "line 4"),
        ("p/server/port", 8080, "application.yml, line 2"),
        ("p/server/country", "no", "application.yml, line 3"),
        ("p/db/pool", "5", "db.properties, line 1"),
        ("p/broken.json", "{", "line 11"),
    ]
    assert [(n.code, n.key) for n in parsed.notices] == [
        ("yaml-ambiguous-word", "p/server/country"),
        ("embedded-kept", "p/broken.json"),
    ]


def test_configmap_files_that_hold_the_same_key_are_refused_naming_it() -> None:
    text = "kind: ConfigMap\ndata:\n  a.yml: 'x: 1'\n  b.yml: 'x: 2'\n"
    with pytest.raises(ParseError, match="both become the key `x`"):
        parse(text, Format.CONFIGMAP, embedded="expand")


# -- which is it?


@pytest.mark.parametrize(
    ("name", "text", "format_"),
    [
        ("application.yml", "", Format.YAML), ("a/b/Values.YAML", "", Format.YAML),
        ("x.json", "", Format.JSON), ("pyproject.toml", "", Format.TOML), (".env", "", Format.ENV),
        (".env.production", "", Format.ENV), ("prod.env", "", Format.ENV),
        ("x.properties", "", Format.PROPERTIES), ("x.ini", "", Format.INI),
        ("x.cfg", "", Format.INI),
        ("cm.yaml", "apiVersion: v1\nkind: ConfigMap\n", Format.CONFIGMAP),
        ("cm.json", '{"apiVersion": "v1", "kind": "ConfigMap"}', Format.CONFIGMAP),
        ("", '\ufeff{"a": 1}', Format.JSON), ("", "# c\nA=1\n", Format.ENV),
        ("", "export A_B='x'", Format.ENV), ("", "a.b.c=1", Format.PROPERTIES),
        ("x.conf", "[s]\na = b c\n", Format.INI), ("", "[s]\na = 'b'\n", Format.TOML),
        ("", 'a = "b"\n[s]\nc = 1\n', Format.TOML), ("", "a:\n  b: 1\n", Format.YAML),
        ("", "---\na: 1\n", Format.YAML), ("", "", None), ("notes.txt", "Just prose.", None),
    ],
)  # fmt: skip
def test_guess(name: str, text: str, format_: Format | None) -> None:
    assert guess_format(name, text) is format_
