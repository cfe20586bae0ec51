"""What an environment serves at one revision, and what changes from one to the next."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final, Literal, NamedTuple, TypeAlias, cast

from central_config_client.compat import override

# What JSON can say. Callers know better what their keys hold, so it is not spelled out.
JSON: TypeAlias = Any
# A type as annotations write it; not every one is a `type`.
Target: TypeAlias = Any


class Absent(Enum):
    """The type of `ABSENT`."""

    ABSENT = "absent"

    @override
    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> Literal[False]:
        return False


ABSENT: Final = Absent.ABSENT
"""Stands where there is no value; JSON's null is `None`."""


class Change(NamedTuple):
    """One key's change; `old` or `new` is `ABSENT` where the key came or went."""

    key: str
    old: JSON
    new: JSON


class Snapshot(NamedTuple):
    """All that is known of an environment at one revision.

    `values` holds what may be read; the keys in `masked` are secrets that are not given.
    """

    revision: int
    values: Mapping[str, JSON]
    deprecated: frozenset[str] = frozenset()
    masked: frozenset[str] = frozenset()


NOTHING: Final = Snapshot(-1, {})


def from_document(document: Mapping[str, JSON]) -> Snapshot:
    """Return what the answer to a read, or a `snapshot` event, says."""
    masked = frozenset[str](document.get("masked", ()))
    values = {key: value for key, value in document["values"].items() if key not in masked}
    deprecated = frozenset[str](document.get("deprecated", ()))
    return Snapshot(int(document["revision"]), values, deprecated, masked)


def after(snapshot: Snapshot, document: Mapping[str, JSON]) -> Snapshot:
    """Return what is known after a `change` event; the snapshot given stays as it is."""
    values = dict(snapshot.values)
    deprecated, masked = set(snapshot.deprecated), set(snapshot.masked)
    for member in document["changes"]:
        key = member["key"]
        values.pop(key, None)
        deprecated.discard(key)
        masked.discard(key)
        if member.get("removed"):
            continue
        if member.get("masked"):
            masked.add(key)
        else:
            values[key] = member["value"]
        if member.get("status") == "deprecated":
            deprecated.add(key)
    return Snapshot(int(document["revision"]), values, frozenset(deprecated), frozenset(masked))


def differences(
    before: Snapshot, now: Snapshot, keys: Iterable[str] | None = None
) -> Iterator[Change]:
    """Yield the changes of value between two snapshots, of some keys or of all."""
    wanted = dict.fromkeys([*before.values, *now.values]) if keys is None else keys
    for key in wanted:
        old, new = before.values.get(key, ABSENT), now.values.get(key, ABSENT)
        if not same(old, new):
            yield Change(key, old, new)


def same(left: JSON, right: JSON) -> bool:
    """Tell whether two values are the same JSON: to Python, 1, 1.0 and True are equal."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        mine, other = cast("dict[str, JSON]", left), cast("dict[str, JSON]", right)
        return mine.keys() == other.keys() and all(same(mine[each], other[each]) for each in mine)
    if isinstance(left, list):
        first, second = cast("list[JSON]", left), cast("list[JSON]", right)
        return len(first) == len(second) and all(map(same, first, second))
    return bool(left == right)
