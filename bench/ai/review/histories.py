"""Releases as snapshots of keys and values, and what changed from one to the next."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from bench.ai.review.forms import read
from bench.ai.review.sources import Source, texts
from central_config.core.json import JSON, encode
from central_config.interop.model.references import escape

_NOT_KEY = re.compile(r"[^A-Za-z0-9._-]+")
# Keys of one file that belong together by their first words.
_GROUP_DEPTH = 2

Snapshot = Mapping[str, JSON]


class Change(NamedTuple):
    """What one release changed in one group of keys, over the snapshot before."""

    source: Source
    version: str
    group: str
    before: Snapshot
    edits: Mapping[str, JSON]
    removed: tuple[str, ...]
    past: Mapping[str, tuple[JSON, ...]]


def changes(source: Source) -> Iterator[Change]:
    """Yield the history of a package as changes."""
    past: dict[str, tuple[JSON, ...]] = {}
    for old, new in pairwise(source.versions):
        before, after = snapshot(source, old), snapshot(source, new)
        edited = {key: value for key, value in after.items() if _differs(before, key, value)}
        gone = [key for key in before if key not in after]
        groups = dict.fromkeys(_group(key) for key in [*edited, *gone])
        for group in groups:
            edits = {key: value for key, value in edited.items() if _group(key) == group}
            removed = tuple(key for key in gone if _group(key) == group)
            yield Change(source, new, group, before, edits, removed, dict(past))
        for key in edited:
            if key in before:
                past[key] = (before[key], *past.get(key, ()))


def _differs(before: Snapshot, key: str, value: JSON) -> bool:
    return key not in before or encode(before[key]) != encode(value)


def _group(key: str) -> str:
    return "/".join(key.split("/")[:-1][:_GROUP_DEPTH])


@lru_cache(maxsize=2)
def snapshot(source: Source, version: str) -> Snapshot:
    """Return the keys and values of a release."""
    found: dict[str, JSON] = {}
    for name, text in texts(source, version):
        values = _flat(_place(name), read(source.form, text))
        # As an import has it: `${...}` of a package is no reference of ours.
        found.update((key, escape(value)[0]) for key, value in values)
    return found


def _place(name: str) -> str:
    """Return what a file is called in keys."""
    part = re.search(r"roles/([^/]+)/defaults/main\.yml$", name)
    if part is not None:
        return part[1]
    return PurePosixPath(name).stem


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, JSON]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(f"{prefix}/{_NOT_KEY.sub('-', str(name)).strip('-') or 'x'}", inner)
    elif value is None or isinstance(value, (str, int, float, bool, list, dict)):
        yield prefix, _plain(value)
    else:
        yield prefix, str(value)  # dates


def _plain(value: Any) -> JSON:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
