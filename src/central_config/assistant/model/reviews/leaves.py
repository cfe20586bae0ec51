"""The single values of a change: what checks look at.

A value may be a whole document; what changes in it is some of its leaves. A leaf comes with what
it is measured by: what it was, what it is elsewhere, and what stands beside it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from central_config.core.json import JSON, encode_sorted, equal

MaybeJSON: TypeAlias = "JSON | UnsetType"


class Step(msgspec.Struct, frozen=True):
    """A part of a value that is not what it was. UNSET: it was not there, or is not any more."""

    pointer: str
    before: MaybeJSON
    after: MaybeJSON


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """One changed value as the readers of one environment see it, and its surroundings.

    Nothing of it comes from a secret.

    Attributes:
        environment: its slug; `production`: whether mistakes there hurt.
        kin: the environments it inherits from, and itself.
        environments: every environment of the workspace the reviewer may know.
        key, pointer, name: where it is; `name` is its last word that is no position in a list.
        before, after: UNSET where it was not, or is not any more.
        history: earlier values of this leaf here, newest first, `before` left out.
        elsewhere: by environment, what the same leaf is where the change does not reach.
        siblings: by name, what stands beside it in the same group.
        cousins: by key, leaves of the same name in neighbouring groups.
    """

    environment: str
    production: bool
    kin: frozenset[str]
    environments: tuple[str, ...]
    key: str
    pointer: str = ""
    name: str
    before: MaybeJSON
    after: MaybeJSON
    history: tuple[JSON, ...] = ()
    elsewhere: Mapping[str, JSON] = msgspec.field(default_factory=dict[str, JSON])
    siblings: Mapping[str, JSON] = msgspec.field(default_factory=dict[str, JSON])
    cousins: Mapping[str, JSON] = msgspec.field(default_factory=dict[str, JSON])

    @property
    def text(self) -> str | None:
        """The value if it is a text."""
        return self.after if isinstance(self.after, str) else None

    def known(self) -> Iterator[tuple[str, JSON]]:
        """Yield what it can be compared with, and in words where that is."""
        if self.before is not UNSET:
            yield "before", self.before
        for value in self.history:
            yield "earlier", value
        for environment, value in self.elsewhere.items():
            yield f"in {environment}", value
        for name, value in self.siblings.items():
            yield f"beside it, {name}", value
        for key, value in self.cousins.items():
            yield f"nearby, {key}", value


def steps(before: MaybeJSON, after: MaybeJSON, pointer: str = "") -> Iterator[Step | None]:
    """Yield the leaves in which two values differ; where their kinds differ, that node too.

    They come in the order they are written in. None stands for a part that is as it was: whoever
    goes through a large value can let others work in between.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            place = f"{pointer}/{_escaped(name)}"
            yield from steps(before.get(name, UNSET), after.get(name, UNSET), place)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_steps(before, after, pointer)
    elif isinstance(after, (dict, list)) and after:
        if before is not UNSET:
            yield Step(pointer, before, after)
        members = after.items() if isinstance(after, dict) else enumerate(after)
        for name, value in members:
            yield from steps(UNSET, value, f"{pointer}/{_escaped(str(name))}")
    elif before is UNSET or after is UNSET or not equal(before, after):
        yield Step(pointer, before, after)
    else:
        yield None


def _list_steps(before: list[JSON], after: list[JSON], pointer: str) -> Iterator[Step | None]:
    """Yield the items that are new. Items have no names: one that moved has not changed."""
    if len(before) == len(after):
        for position, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from steps(old, new, f"{pointer}/{position}")
        return
    left: Counter[bytes] = Counter()
    for value in before:
        left[encode_sorted(value)] += 1
        yield None
    for position, value in enumerate(after):
        text = encode_sorted(value)
        if left[text]:
            left[text] -= 1
            yield None
        else:
            yield from steps(UNSET, value, f"{pointer}/{position}")
    for position, value in enumerate(before):
        text = encode_sorted(value)
        gone = bool(left[text])
        left[text] -= gone
        yield Step(f"{pointer}/{position}", value, UNSET) if gone else None


def find(value: MaybeJSON, pointer: str) -> MaybeJSON:
    """Return the part of a value a pointer names; UNSET where there is none."""
    for part in pointer.split("/")[1:]:
        if isinstance(value, dict):
            value = value.get(_unescaped(part), UNSET)
        elif isinstance(value, list):
            value = value[int(part)] if part.isdigit() and int(part) < len(value) else UNSET
        else:
            return UNSET
    return value


def group_of(pointer: str) -> str:
    """Return the pointer of what a leaf is a member of."""
    return pointer.rpartition("/")[0]


def last_name(key: str, pointer: str) -> str:
    """Return what a leaf is called: the last word of its place that is no position."""
    words = [*key.split("/"), *(_unescaped(part) for part in pointer.split("/")[1:])]
    return next((word for word in reversed(words) if not word.isdigit()), words[-1])


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
