"""What /proc tells of a process and its children: memory and processor time."""

import os
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """Return the process and all its descendants."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found.extend(int(child) for child in task.read_text().split())
            except OSError:
                continue
    return found


def resident(pid: int) -> int:
    """Return the resident memory of the largest process of a family (bytes).

    The one that serves; an accepting parent and helpers are of constant size.
    """
    return max((_resident(each) for each in family(pid)), default=0)


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0


def processor_seconds(pid: int) -> float:
    """Return the processor time a family has used so far."""
    return sum(_processor_seconds(each) for each in family(pid))


def _processor_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS
