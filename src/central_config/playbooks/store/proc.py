"""Processes as the kernel shows them: enough to tell one that hangs from one that is new."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
STOPPED = frozenset("Tt")
# Of `/proc/PID/stat`, behind the name in parentheses.
_STATE, _GROUP, _STARTED = 0, 2, 19


class Standing(NamedTuple):
    """A process: `started` in clock ticks since boot, `stopped` when it or its group is halted."""

    pid: int
    started: int
    stopped: bool
    age: float


def standing(pid: int) -> Standing | None:
    """Return how a process stands; None when it has ended."""
    fields = _fields(pid)
    if fields is None or fields[_STATE] in "ZX":
        return None
    started = int(fields[_STARTED])
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")
    halted = any(each[_STATE] in STOPPED for each in (fields, *_group(pid)))
    return Standing(pid, started, halted, max(age, 0.0))


def _group(leader: int) -> list[list[str]]:
    """Return the fields of every process in the group a process leads."""
    found: list[list[str]] = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            fields = _fields(int(entry.name))
            if fields is not None and int(fields[_GROUP]) == leader:
                found.append(fields)
    return found


def _fields(pid: int) -> list[str] | None:
    with suppress(OSError):
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        return stat.rpartition(")")[2].split()
    return None
