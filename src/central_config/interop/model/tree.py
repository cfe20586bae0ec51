"""Between nested maps and flat keys: taking a tree apart on import, building one on export."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from central_config.core.json import JSON
from central_config.interop.model.terms import (
    MAX_DEPTH,
    Arrays,
    Leaf,
    Notice,
    ParseError,
    Values,
)

Lines: TypeAlias = Mapping[int, Mapping[str, int]]
"""By `id` of a map in the tree: the line of each of its names. The tree must outlive it."""

_NO_LINES: Mapping[str, int] = {}

Tree: TypeAlias = "dict[str, JSON]"


def leaves(tree: JSON, *, arrays: Arrays, lines: Lines | None = None) -> Iterator[Leaf]:
    """Yield the values of a tree in order. Empty maps and empty lists are values.

    Args:
        tree: the top of the file.
        arrays: `whole` keeps a list as one value, `index` goes into it with `0`, `1`... as names.
        lines: where names stood, if the reader knows.

    Raises:
        ParseError: the top is no map, or the tree is nested too deeply.
    """
    if not isinstance(tree, dict):
        kind = "a list" if isinstance(tree, list) else "a single value"
        raise ParseError(f"The top of the file is {kind}; it must be a map of names to values.")
    if tree:
        yield from _below(tree, (), arrays=arrays, lines=lines or {})


def _below(node: JSON, path: tuple[str, ...], *, arrays: Arrays, lines: Lines) -> Iterator[Leaf]:
    if len(path) >= MAX_DEPTH:
        raise too_deep()
    if isinstance(node, dict):
        members, known = list(node.items()), lines.get(id(node), _NO_LINES)
    elif isinstance(node, list):
        members, known = [(str(index), item) for index, item in enumerate(node)], _NO_LINES
    else:
        return
    for name, item in members:
        here = (*path, name)
        inner = isinstance(item, dict) or (isinstance(item, list) and arrays == "index")
        if inner and item:
            yield from _below(item, here, arrays=arrays, lines=lines)
        else:
            _check_depth(item, len(here))
            yield Leaf(here, item, known.get(name))


def _check_depth(value: JSON, depth: int) -> None:
    """Refuse a value whose insides, below `depth` levels, are nested too deeply."""
    if not isinstance(value, dict | list):
        return
    if depth >= MAX_DEPTH:
        raise too_deep()
    for item in value.values() if isinstance(value, dict) else value:
        _check_depth(item, depth + 1)


def too_deep(line: int | None = None) -> ParseError:
    """Return the refusal of a file that is nested too deeply."""
    return ParseError(f"Nested deeper than {MAX_DEPTH} levels.", line)


def build(values: Values) -> tuple[Tree, list[Notice]]:
    """Return the tree of flat keys.

    A key that lies below another key (`a/b` where `a` is a key too) cannot be nested: it stands
    at the top under its whole name, from which an import restores it. A value that is itself a map
    comes back as the keys below it; both are noted.
    """
    tree: Tree = {}
    notices: list[Notice] = []
    for key, value in values.items():
        *parents, name = key.split("/")
        above = _key_above(parents, values)
        if above is not None:
            detail = f"`{above}` is a key too, so `{key}` stands at the top under its whole name."
            notices.append(Notice("key-flat", key, None, detail))
            tree[key] = value
        else:
            _branch(tree, parents)[name] = value
        if isinstance(value, dict) and value:
            detail = f"`{key}` is an object: read back, its members become keys below `{key}`."
            notices.append(Notice("object-flattened", key, None, detail))
    return tree, notices


def _key_above(parents: list[str], values: Values) -> str | None:
    above = ""
    for name in parents:
        above += name
        if above in values:
            return above
        above += "/"
    return None


def _branch(tree: Tree, parents: list[str]) -> Tree:
    """Return the map at a path, made where it is missing; no key lies on the way (`_key_above`)."""
    for name in parents:
        below = tree.setdefault(name, {})
        if not isinstance(below, dict):  # pragma: no cover - excluded by `_key_above`
            raise TypeError(name)
        tree = below
    return tree
