"""`.env` files, written so that bash and python-dotenv read the same values.

The two agree on single quotes, and on double quotes as long as neither expands anything. The few
values on which they cannot agree (a quote together with a dollar sign) are written for bash, in a
form that python-dotenv refuses aloud instead of reading something else; we read it back.
"""

import re
from collections.abc import Iterator
from io import StringIO

from dotenv.parser import Binding, parse_stream

from central_config.interop.model.flat import (
    as_text,
    last_wins,
    named,
    refuse_long_blanks,
    untyped,
)
from central_config.interop.model.terms import (
    Arrays,
    Leaf,
    Notice,
    ParseError,
    Reading,
    Remark,
    Rendered,
    Values,
)

_bare = re.compile(r"[A-Za-z0-9_./:@%+,-]*")
_not_name = re.compile(r"[^A-Z0-9]+")
_shell_only = re.compile(
    r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=''\$'(?P<text>(?:[^'\\]|\\.)*)'\s*",
    re.DOTALL,
)
_ansi_escape = re.compile(r"\\(.)", re.DOTALL)
_ANSI = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r"}
_ANSI_BACK = {"n": "\n", "r": "\r"}

# Bash sets these itself: assigning them is an error that ends the script, or does nothing.
_BASH_OWNED = frozenset((
    "BASHOPTS", "BASHPID", "BASH_ARGC", "BASH_ARGV", "BASH_ARGV0", "BASH_COMMAND",
    "BASH_LINENO", "BASH_SOURCE", "BASH_SUBSHELL", "BASH_VERSINFO", "COMP_WORDBREAKS",
    "DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "EUID", "FUNCNAME", "GROUPS", "HISTCMD",
    "LINENO", "PPID", "RANDOM", "SECONDS", "SHELLOPTS", "SRANDOM", "UID",
))  # fmt: skip


def read(text: str, _arrays: Arrays) -> Reading:
    """Return the variables. Nothing is expanded, neither from the file nor from our environment.

    Raises:
        ParseError: a line is none of `NAME=value`, `export NAME=value`, a comment or empty.
    """
    refuse_long_blanks(text)
    remarks: list[Remark] = []
    leaves, repeated = last_wins(_leaves(text, remarks))
    return Reading(leaves, remarks + repeated)


def _leaves(text: str, remarks: list[Remark]) -> Iterator[Leaf]:
    for binding in parse_stream(StringIO(text)):
        original = binding.original.string
        blank = len(original) - len(original.lstrip())
        line = binding.original.line + original.count("\n", 0, blank)
        leaf = _shell_form(original, line) if binding.error else _leaf(binding, line)
        if leaf is None:
            continue
        if leaf.value is None:
            detail = "The name has no `=`, so there is no value to import; it is left out."
            remarks.append(Remark("no-value", leaf.path, line, detail))
            continue
        yield leaf


def _leaf(binding: Binding, line: int) -> Leaf | None:
    return None if binding.key is None else Leaf((binding.key,), binding.value, line)


def _shell_form(original: str, line: int) -> Leaf:
    found = _shell_only.fullmatch(original)
    if found is None:
        raise ParseError("The line is no `NAME=value`; is a quote left open?", line)
    value = _ansi_escape.sub(
        lambda escape: _ANSI_BACK.get(escape.group(1), escape.group(1)), found.group("text")
    )
    return Leaf((found.group("name"),), value, line)


def render(values: Values) -> Rendered:
    """Return the keys as variables: `a/b-c.d` is called `A_B_C_D`."""
    notices = untyped(values)
    lines: list[str] = []
    for key, name, value in named(values, variable_name, notices):
        text = as_text(value)
        problem = _problem(name, text)
        if problem is not None:
            notices.append(Notice("env-skipped", key, None, f"`{key}` is left out: {problem}."))
            continue
        quoted = _quote(text)
        if quoted.startswith("''$"):
            detail = f"`{name}` is written for bash; python-dotenv has no way to write such a text."
            notices.append(Notice("env-shell-only", key, None, detail))
        elif "${" in text:
            detail = f"`{name}` holds `${{`, which python-dotenv expands unless interpolate=False."
            notices.append(Notice("env-interpolation", key, None, detail))
        lines.append(f"{name}={quoted}\n")
    return "".join(lines), notices


def variable_name(key: str) -> str:
    """Return the name of the environment variable of a key."""
    name = _not_name.sub("_", key.upper())
    return f"_{name}" if name[0].isdigit() else name


def _problem(name: str, text: str) -> str | None:
    if name in _BASH_OWNED:
        return f"bash itself owns `{name}`"
    return "a variable cannot hold a NUL character" if "\0" in text else None


def _quote(text: str) -> str:
    if _bare.fullmatch(text):
        return text
    if "\r" not in text:  # python-dotenv turns it into a newline when it opens a file
        if "'" not in text and "\\\\" not in text and not text.endswith("\\"):
            return f"'{text}'"
        if "$" not in text and "`" not in text:
            return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "''$'" + "".join(_ANSI.get(character, character) for character in text) + "'"
