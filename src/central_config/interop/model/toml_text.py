"""TOML. Its dates become text, because JSON has none."""

import math
import re
import tomllib
from datetime import date, time
from typing import TypeAlias, cast

import tomli_w

from central_config.core.json import JSON
from central_config.interop.model.naming import show
from central_config.interop.model.terms import (
    MAX_DEPTH,
    Arrays,
    Notice,
    ParseError,
    Reading,
    Remark,
    Rendered,
    Values,
)
from central_config.interop.model.tree import build, leaves, too_deep

_Toml: TypeAlias = "str | int | float | bool | date | time | list[_Toml] | dict[str, _Toml]"

_position = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_quoted = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?$)|\'[^\']*+(?:\'|$)')
_dotted_run = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{MAX_DEPTH}}}")
_INT64 = 2**63


def read(text: str, arrays: Arrays) -> Reading:
    """Return what a TOML file holds.

    Raises:
        ParseError: it is no TOML, or holds a number that is none.
    """
    _refuse_long_names(text)
    try:
        content = cast("_Toml", tomllib.loads(text))
        converter = _Converter(arrays)
        tree = converter.convert(content, ())
    except tomllib.TOMLDecodeError as error:
        raise _malformed(error) from None
    except RecursionError:
        raise too_deep() from None
    except ValueError:  # Python refuses whole numbers of more than 4,300 digits
        raise ParseError("A number has too many digits; write it as text.") from None
    return Reading(leaves(tree, arrays=arrays), converter.remarks)


def render(values: Values) -> Rendered:
    """Return the keys as nested TOML. What holds null is left out, as TOML has no null."""
    kept: dict[str, JSON] = {}
    skipped: list[Notice] = []
    for key, value in values.items():
        reason = _unwritable(value)
        if reason is None:
            kept[key] = value
        else:
            skipped.append(Notice("toml-skipped", key, None, f"`{key}` is left out: {reason}."))
    tree, notices = build(kept)
    return tomli_w.dumps(tree), skipped + notices


def _refuse_long_names(text: str) -> None:
    """Refuse names of very many dotted parts, on which tomllib would spend quadratic time."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") >= MAX_DEPTH and _dotted_run.search(_quoted.sub("s", line)):
            raise too_deep(number)


def _malformed(error: tomllib.TOMLDecodeError) -> ParseError:
    message = str(error)
    found = _position.search(message)
    detail = message[: found.start()] if found else message
    if found is None or found.group(1) is None:
        return ParseError(f"{detail}.")
    return ParseError(f"{detail}.", int(found.group(1)), int(found.group(2)))


class _Converter:
    """Makes JSON of TOML: dates become text with a remark, infinite numbers are refused."""

    def __init__(self, arrays: Arrays) -> None:
        self.remarks: list[Remark] = []
        self._arrays = arrays

    def convert(self, node: _Toml, path: tuple[str, ...], *, fixed: bool = False) -> JSON:
        """Return the JSON of a node; `fixed` once inside a list that is one value."""
        if isinstance(node, dict):
            return {
                name: self.convert(item, path if fixed else (*path, name), fixed=fixed)
                for name, item in node.items()
            }
        if isinstance(node, list):
            fixed = fixed or self._arrays == "whole"
            return [
                self.convert(item, path if fixed else (*path, str(index)), fixed=fixed)
                for index, item in enumerate(node)
            ]
        return self._scalar(node, path)

    def _scalar(self, node: str | float | date | time, path: tuple[str, ...]) -> JSON:
        if isinstance(node, date | time):
            detail = "TOML dates and times become text, as JSON has none."
            self.remarks.append(Remark("toml-date", path, None, detail))
            return node.isoformat().replace("+00:00", "Z")
        if isinstance(node, float) and not math.isfinite(node):
            raise ParseError(f"{show(path)} is no finite number; write it as text.")
        return node


def _unwritable(value: JSON) -> str | None:
    """Return why TOML has no notation for the value, or None if it has."""
    if value is None:
        return "TOML has no null"
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return "TOML numbers have 64 bits"
    if isinstance(value, list | dict):
        items = value.values() if isinstance(value, dict) else value
        return next((reason for reason in map(_unwritable, items) if reason), None)
    return None
