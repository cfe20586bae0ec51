"""Keys as a tree: `a/b/c` is member `c` of member `b` of member `a`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from central_config_client.snapshot import ABSENT, JSON

_NOT_A_NAME = re.compile(r"[-.]")


def below(values: Mapping[str, JSON], prefix: str) -> dict[str, JSON]:
    """Return what is at or below a prefix that ends at a `/`, by whole keys."""
    place = prefix.rstrip("/")
    inside = f"{place}/" if place else ""
    return {key: value for key, value in values.items() if key.startswith(inside) or key == place}


def tree(values: Mapping[str, JSON], prefix: str) -> dict[str, JSON]:
    """Return what is below a prefix as nested objects.

    A key whose value is an object and keys below it are one object; a longer key wins. A key with
    another value hides what is below it.
    """
    place = prefix.rstrip("/")
    root: dict[str, JSON] = {}
    part = below(values, prefix)
    # Shorter keys first: what is below an object is put into it.
    for key in sorted(part, key=len):
        rest = key.removeprefix(place).lstrip("/")
        _put(root, rest.split("/") if rest else [], part[key])
    return root


def _put(node: dict[str, JSON], path: Sequence[str], value: JSON) -> None:
    for segment in path[:-1]:
        # Objects are copied on the way: the values belong to everybody.
        inner = node.get(segment, {})
        if not isinstance(inner, dict):
            return
        node[segment] = inner = dict(cast("dict[str, JSON]", inner))
        node = inner
    if path:
        node[path[-1]] = value
    elif isinstance(value, dict):
        node.update(cast("dict[str, JSON]", value))


def field_of(members: Iterable[str], field: str) -> str | None:
    """Return the member a field is filled from: of its name, or with `-` or `.` for its `_`."""
    if field in members:
        return field
    return next((each for each in members if _NOT_A_NAME.sub("_", each) == field), None)


def joined(*parts: str) -> str:
    """Return segments as a key."""
    return "/".join(part for part in parts if part)


def locate(value: JSON, path: Sequence[str | int]) -> tuple[str, JSON]:
    """Return the key of a place in a tree as its owner wrote it, and the value there."""
    key = ""
    for part in path:
        if isinstance(part, int):
            items = cast("list[JSON]", value) if isinstance(value, list) else []
            value, key = (items[part] if part < len(items) else ABSENT), f"{key}[{part}]"
        else:
            members = cast("dict[str, JSON]", value) if isinstance(value, dict) else {}
            segment = field_of(members, part)
            value = ABSENT if segment is None else members[segment]
            key = joined(key, segment or part)
    return key, value
