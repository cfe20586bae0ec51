"""What this process and this machine use: memory, disk, log files."""

import os
import resource
import shutil
from pathlib import Path

from central_config.core.json import JSON
from central_config.operations.model.reports import Section, Status
from central_config.operations.model.texts import size_text
from central_config.operations.service.upkeep.ground import Ground
from central_config.supervisor.local import local_paths
from central_config.supervisor.logfiles import LARGEST_LOG

# Shares of a disk that are free, as the alerts DiskFilling and DiskAlmostFull have them.
_FILLING, _ALMOST_FULL = 0.20, 0.05
_STATM = Path("/proc/self/statm")
# A log that nobody rotates; one that is rotated may pass its bound for a moment.
_UNBOUNDED = 2 * LARGEST_LOG


async def resources(ground: Ground) -> Section:
    """Measure this worker, and how busy its machine is."""
    del ground
    memory, (load, _, _), processors = _resident(), os.getloadavg(), os.cpu_count() or 1
    facts: dict[str, JSON] = {"worker_rss_bytes": memory, "load": load, "processors": processors}
    words = f"this worker takes {size_text(memory)}; load {load:.1f} on {processors} processors"
    return Section("resources", Status.OK, words, facts)


async def disk(ground: Ground) -> Section:
    """Look how full the disk of the one machine is."""
    paths = local_paths(ground.settings)
    if paths is None:
        words = "the database's disk is not on this machine; DiskFilling is the alert that looks"
        return Section("disk", Status.SKIPPED, words)
    found = shutil.disk_usage(paths.root)
    free = found.free / found.total
    facts: dict[str, JSON] = {"bytes": found.total, "free_bytes": found.free}
    words = f"{free:.0%} is free ({size_text(found.free)} of {size_text(found.total)})"
    if free >= _FILLING:
        return Section("disk", Status.OK, words, facts)
    status = Status.BAD if free < _ALMOST_FULL else Status.WARNING
    return Section("disk", status, words, facts, [f"make room on the disk of {paths.root}"])


async def logs(ground: Ground) -> Section:
    """Look whether log files stay within their bound: they are rotated, and never just cut."""
    paths = local_paths(ground.settings)
    if paths is None:
        words = "logs go to standard output; who runs the containers keeps and rotates them"
        return Section("logs", Status.SKIPPED, words)
    found = {
        path.name: path.stat().st_size
        for path in sorted(paths.logs.glob("*.log*"))
        if path.is_file()
    }
    whole = sum(found.values())
    facts: dict[str, JSON] = {"files": len(found), "bytes": whole}
    too_large = [name for name, size in found.items() if size > _UNBOUNDED]
    if too_large:
        advice = [f"rotate {name}; do not truncate it: what it says is lost" for name in too_large]
        words = f"{', '.join(too_large)} grew beyond {size_text(_UNBOUNDED)}"
        return Section("logs", Status.WARNING, words, facts, advice)
    words = f"{len(found)} files, {size_text(whole)}; each is rotated at {size_text(LARGEST_LOG)}"
    return Section("logs", Status.OK, words, facts)


def _resident() -> int:
    """Return the memory this process holds, in bytes."""
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[1])
    except OSError:  # no Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()
