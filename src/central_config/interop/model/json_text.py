"""JSON, with what the standard library leaves out: duplicate names are an error with both lines."""

import json
import math
import re
from typing import NoReturn, cast

import msgspec

from central_config.core.json import JSON, encode
from central_config.interop.model.terms import Arrays, ParseError, Reading, Rendered, Values
from central_config.interop.model.tree import build, leaves, too_deep

_token = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]', re.DOTALL)


class _Duplicate(ValueError):  # noqa: N818 - never leaves this module
    """A name occurred twice in one object."""


def read(text: str, arrays: Arrays) -> Reading:
    """Return what a JSON object holds.

    Raises:
        ParseError: it is no JSON object, or repeats a name.
    """
    return Reading(leaves(load(text), arrays=arrays))


def load(text: str) -> JSON:
    """Return the value of a JSON text.

    Raises:
        ParseError: it is no JSON, or an object in it repeats a name.
    """
    try:
        return cast(
            "JSON",
            json.loads(
                text,
                object_pairs_hook=_object,
                parse_constant=_refuse_constant,
                parse_float=_finite,
            ),
        )
    except _Duplicate:
        raise _duplicate(text) from None
    except json.JSONDecodeError as error:
        raise ParseError(f"{error.msg}.", error.lineno, error.colno) from None
    except RecursionError:
        raise too_deep() from None
    except ValueError:  # Python refuses whole numbers of more than 4,300 digits
        raise ParseError("A number has too many digits; write it as text.") from None


def render(values: Values) -> Rendered:
    """Return the keys as a nested JSON object."""
    tree, notices = build(values)
    return msgspec.json.format(encode(tree), indent=2).decode() + "\n", notices


def _object(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Duplicate
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ParseError(f"`{name}` is no JSON value.")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ParseError("A number is too large; write it as text.")
    return number


def _duplicate(text: str) -> ParseError:
    """Find the first repeated name. Only a file that has one pays for this second look."""
    seen: list[dict[str, int]] = []  # per open object or list: where its names stood
    last: re.Match[str] | None = None
    for token in _token.finditer(text):
        mark = token.group()
        if mark in "{[":
            seen.append({})
        elif mark in "}]":
            seen.pop()
        elif mark == ":" and last is not None:
            name = cast("str", json.loads(last.group()))
            line = _line(text, last.start())
            if name in seen[-1]:
                detail = f"`{name[:100]}` occurs twice, on lines {seen[-1][name]} and {line}."
                return ParseError(detail, line, _column(text, last.start()))
            seen[-1][name] = line
        last = token
    return ParseError("A name occurs twice in one object.")  # pragma: no cover - one was seen


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _column(text: str, offset: int) -> int:
    return offset - text.rfind("\n", 0, offset)
