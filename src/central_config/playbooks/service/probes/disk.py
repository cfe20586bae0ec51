"""Room on the disk of the data directory."""

import os
import shutil
from pathlib import Path

from central_config.core.json import JSON
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.probes.looking import bytes_text, level
from central_config.playbooks.service.world import World

_BUSY, _FULL = 0.85, 0.95


async def probe(world: World) -> list[Finding]:
    """Look at bytes and at inodes: a disk without the latter is full as well."""
    place = world.settings.data_dir if world.paths is None else world.paths.root
    if place is None or not place.exists():
        said = "no data directory on this machine: look where PostgreSQL keeps its own"
        return [Finding("disk", Status.SKIPPED, said)]
    return [_room(place), _inodes(place)]


def _room(place: Path) -> Finding:
    usage = shutil.disk_usage(place)
    share = 1 - usage.free / usage.total
    facts: dict[str, JSON] = {
        "path": str(place),
        "free_bytes": usage.free,
        "total_bytes": usage.total,
    }
    said = f"{bytes_text(usage.free)} of {bytes_text(usage.total)} are free for {place}"
    return Finding("disk.space", level(share, _BUSY, _FULL), said, facts)


def _inodes(place: Path) -> Finding:
    found = os.statvfs(place)
    if not found.f_files:
        return Finding("disk.inodes", Status.OK, "this file system has no bound of files")
    share = 1 - found.f_favail / found.f_files
    facts: dict[str, JSON] = {"free": found.f_favail, "total": found.f_files}
    said = f"room for {found.f_favail:,} more files"
    return Finding("disk.inodes", level(share, _BUSY, _FULL), said, facts)
