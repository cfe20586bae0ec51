"""The last lines of logs, without what they say of keys and values.

Of lines of ours only fields that are known to be harmless are kept. What PostgreSQL says may quote
anything: its quotations are taken out, and lines that repeat statements are left out.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from central_config.core.json import JSON, decode, encode

_KEPT = {
    *("timestamp", "level", "logger", "message", "method", "route", "status", "duration_ms"),
    *("request_id", "client_ip", "error", "reason", "exception", "kind", "job", "attempts"),
    *("child", "delay_seconds", "restart", "before", "after", "entry", "version", "port", "host"),
}
# Paths name keys; the route says as much without.
_NAMES = ("path", "key", "target", "principal", "workspace", "environment")
_REPEATS = re.compile(r"\b(?:DETAIL|STATEMENT|QUERY|CONTEXT|HINT|PARAMETERS?):", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|'(?:[^']|'')*'|\([^)]*\)=\([^)]*\)")
# Enough for some thousand lines.
_TAIL = 2 * 1024 * 1024
_LONGEST = 2000


def last_lines(path: Path, count: int, *, names: bool) -> Iterator[str]:
    """Yield the harmless part of the last lines of a file; with `names`, keys are named too."""
    for line in _tail(path, count):
        kept = _ours(line, names=names) if line.startswith("{") else _foreign(line)
        if kept is not None:
            yield kept[:_LONGEST]


def _tail(path: Path, count: int) -> list[str]:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        lines = file.read().decode(errors="replace").splitlines()
    # The first may have been cut in two.
    return (lines[1:] if size > _TAIL else lines)[-count:]


def _ours(line: str, *, names: bool) -> str | None:
    try:
        found = decode(line)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    wanted: Iterable[str] = (*_KEPT, *_NAMES) if names else _KEPT
    kept: dict[str, JSON] = {name: found[name] for name in found if name in wanted}
    left = sorted(set(found) - set(kept))
    if left:
        kept["left_out"] = cast("list[JSON]", left)
    return encode(kept).decode()


def _foreign(line: str) -> str | None:
    if line.startswith(("\t", " ")) or _REPEATS.search(line):
        return None
    return _QUOTED.sub('"..."', line)
