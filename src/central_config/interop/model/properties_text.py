"""Java `.properties`. Every value is text; dots in a name divide segments."""

from collections.abc import Callable, Iterator
from io import StringIO
from typing import TypeAlias, cast

import javaproperties

from central_config.interop.model.flat import as_text, last_wins, named, untyped
from central_config.interop.model.terms import (
    Arrays,
    Leaf,
    Notice,
    ParseError,
    Reading,
    Rendered,
    Values,
)

_MAX_CONTINUED = 1_000
_Parse: TypeAlias = Callable[[StringIO], Iterator[javaproperties.PropertiesElement]]


def read(text: str, _arrays: Arrays) -> Reading:
    """Return the properties. A name that holds a `/` is a key already and keeps its dots.

    Raises:
        ParseError: an escape is malformed.
    """
    _refuse_long_continuations(text)
    return Reading(*last_wins(_leaves(text)))


def _refuse_long_continuations(text: str) -> None:
    """Refuse a value over very many lines, on which javaproperties would spend quadratic time."""
    continued = 0
    for number, line in enumerate(text.split("\n"), 1):
        continued = continued + 1 if line.endswith(("\\", "\\\r")) else 0
        if continued > _MAX_CONTINUED:
            raise ParseError(f"A value goes over more than {_MAX_CONTINUED} lines.", number)


def _leaves(text: str) -> Iterator[Leaf]:
    line = 1
    parse = cast("_Parse", javaproperties.parse)
    try:
        for element in parse(StringIO(text)):
            if isinstance(element, javaproperties.KeyValue):
                yield Leaf(_path(element.key), element.value, line)
            line += element.source.count("\n")
    except javaproperties.InvalidUEscapeError:
        raise ParseError("A `\\u` needs four hexadecimal digits after it.", line) from None


def _path(name: str) -> tuple[str, ...]:
    return (name,) if "/" in name or "." not in name else tuple(name.split("."))


def render(values: Values) -> Rendered:
    """Return the keys with dots for slashes, in ASCII with escapes, as every Java reads it.

    A dot inside a segment comes back as a slash, which is noted. Keys that differ only in that
    cannot both be in one file: the first stays.
    """
    notices = untyped(values)
    lines: list[str] = []
    dotted: list[str] = []
    for key, name, value in named(values, lambda key: key.replace("/", "."), notices):
        lines.append(javaproperties.join_key_value(name, as_text(value)) + "\n")
        if "." in key:
            dotted.append(key)
    if dotted:
        detail = f"{len(dotted)} keys hold dots, e.g. `{dotted[0]}`: read back, dots are slashes."
        notices.append(Notice("key-dotted", None, None, detail))
    return "".join(lines), notices
