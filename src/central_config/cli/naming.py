"""From configuration to a process's environment: `db/pool-size` becomes `DB_POOL_SIZE`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from central_config.cli.errors import UsageError

_ILLEGAL = re.compile(r"[^A-Za-z0-9]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def variable_name(key: str, prefix: str = "") -> str:
    """Return the variable of a key below a prefix: upper case, `_` for anything else.

    A name that would begin with a digit begins with `_`.
    """
    rest = key.removeprefix(prefix).lstrip("/")
    name = _ILLEGAL.sub("_", rest).strip("_").upper()
    return f"_{name}" if name[:1].isdigit() else name


def variable_value(value: object) -> str:
    """Return a value as a process gets it: a string as it is, anything else as JSON; null is ''."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def parse_mappings(mappings: Sequence[str]) -> dict[str, str]:
    """Return key -> name of `KEY=NAME` texts.

    Raises:
        UsageError: a text has another form.
    """
    found: dict[str, str] = {}
    for text in mappings:
        key, equals, name = text.partition("=")
        if not equals or _NAME.fullmatch(name) is None:
            raise UsageError(f"--map {text!r}: write KEY=NAME, NAME a variable's name")
        found[key] = name
    return found


def variables_of(
    values: Mapping[str, Any], prefix: str = "", mappings: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the variables for the values of an environment.

    Raises:
        UsageError: two keys become one variable, a key becomes none, a mapped key is missing, or a
            value holds the character NUL, which no variable can.
    """
    named = mappings or {}
    missing = sorted(set(named) - set(values))
    if missing:
        raise UsageError(f"--map names a key that is not there: {', '.join(missing)}")
    made: dict[str, str] = {}
    origin: dict[str, str] = {}
    for key, value in values.items():
        name = named.get(key) or variable_name(key, prefix)
        if not name:
            raise UsageError(f"the key {key} leaves no variable name", f"Give --map {key}=NAME.")
        if name in origin:
            raise UsageError(
                f"the keys {origin[name]} and {key} both become the variable {name}",
                f"Give --map {key}=ANOTHER_NAME.",
            )
        origin[name] = key
        made[name] = variable_value(value)
        if "\0" in made[name]:
            raise UsageError(f"the value of {key} holds the character NUL; no variable can")
    return made
