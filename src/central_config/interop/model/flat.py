"""What the formats that hold only text share: writing values as text, and names that collide."""

import re
from collections.abc import Callable, Iterator

from central_config.core.json import JSON, encode
from central_config.interop.model.terms import Leaf, Notice, ParseError, Remark, Values

_SHOWN = 5
_long_blanks = re.compile(r"(?<![^\S\r\n])[^\S\r\n]{1000}")


def refuse_long_blanks(text: str) -> None:
    """Refuse very long runs of blanks, on which the parsers of lines spend quadratic time.

    Raises:
        ParseError: there is a run of 1,000 blanks in a line.
    """
    found = _long_blanks.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        raise ParseError("The line holds 1,000 blanks in a row.", line)


def last_wins(leaves: Iterator[Leaf]) -> tuple[list[Leaf], list[Remark]]:
    """Return the last value of every name, at the place of the first, and note what was replaced.

    For formats whose other readers take the last one too.
    """
    kept: dict[tuple[str, ...], Leaf] = {}
    remarks: list[Remark] = []
    for leaf in leaves:
        earlier = kept.get(leaf.path)
        if earlier is not None:
            detail = f"The name was set on line {earlier.line} already; the last value counts."
            remarks.append(Remark("duplicate-name", leaf.path, leaf.line, detail))
        kept[leaf.path] = leaf
    return list(kept.values()), remarks


def as_text(value: JSON) -> str:
    """Return a value as formats without types hold it: text as it is, null empty, else JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else encode(value).decode()


def untyped(values: Values) -> list[Notice]:
    """Return one notice that says how many values lose their type, if any do."""
    lost = [key for key, value in values.items() if not isinstance(value, str)]
    if not lost:
        return []
    shown = ", ".join(f"`{key}`" for key in lost[:_SHOWN])
    more = ", ..." if len(lost) > _SHOWN else ""
    detail = f"{len(lost)} values that are no text were written as text: {shown}{more}."
    return [Notice("values-as-text", None, None, detail)]


def named(
    values: Values, name_of: Callable[[str], str], notices: list[Notice]
) -> Iterator[tuple[str, str, JSON]]:
    """Yield key, name in the file and value. Of keys that get the same name only the first stays.

    Args:
        values: by key.
        name_of: the name of a key in the file.
        notices: where collisions are noted, naming both keys.
    """
    owners: dict[str, str] = {}
    for key, value in values.items():
        name = name_of(key)
        owner = owners.setdefault(name, key)
        if owner == key:
            yield key, name, value
        else:
            detail = f"`{owner}` and `{key}` are both called `{name}` here; `{key}` is left out."
            notices.append(Notice("key-collision", key, None, detail))
