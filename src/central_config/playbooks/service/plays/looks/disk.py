"""What takes the room on the disk, and the ballast that gives some back."""

import asyncio
import os
from pathlib import Path

from central_config.core.json import JSON
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.plays.asking import POSTGRES_POD, objects
from central_config.playbooks.service.probes.looking import Probe, bytes_text, level
from central_config.playbooks.service.world import World
from central_config.supervisor.ballast import size_of
from central_config.supervisor.paths import Paths

BALLAST, USE, VOLUME = "disk.ballast", "disk.use", "disk.volume"
BUSY, FULL = 0.85, 0.95
VOLUME_CLAIM = f"data-{POSTGRES_POD}"


async def probe(world: World) -> list[Finding]:
    """Look at this machine's data directory."""
    if world.paths is None:
        said = "no data directory on this machine: look where PostgreSQL keeps its own"
        return [Finding(each, Status.SKIPPED, said) for each in (BALLAST, USE)]
    return [_ballast(world.paths), await asyncio.to_thread(_use, world.paths)]


PROBE = Probe("disk.use", probe)


def _ballast(paths: Paths) -> Finding:
    size = size_of(paths.ballast)
    facts: dict[str, JSON] = {"path": str(paths.ballast), "bytes": size}
    if size:
        said = f"{bytes_text(size)} can be had by removing {paths.ballast}"
        return Finding(BALLAST, Status.OK, said, facts)
    said = "no ballast is laid: `central-config ops ballast` lays it while there is room"
    return Finding(BALLAST, Status.WARNING, said, facts)


def _use(paths: Paths) -> Finding:
    wal = paths.cluster / "pg_wal"
    parts = {
        "write-ahead log": _size(wal),
        "tables and the rest of PostgreSQL": _size(paths.cluster) - _size(wal),
        "Valkey": _size(paths.valkey),
        "log files": _size(paths.logs),
    }
    parts["other files"] = max(_size(paths.root) - sum(parts.values()), 0)
    shown = ", ".join(f"{name} {bytes_text(size)}" for name, size in parts.items())
    old: list[JSON] = [
        {"path": str(each), "bytes": each.stat().st_size}
        for each in sorted(paths.logs.glob("*.log.1"))
        if each.is_file()
    ]
    facts: dict[str, JSON] = {"bytes": dict[str, JSON](parts), "old_logs": old}
    return Finding(USE, Status.OK, shown, facts)


def _size(top: Path) -> int:
    """Return what a directory takes on the disk (bytes); files may vanish meanwhile."""
    total = 0
    for directory, _, files in os.walk(top, onerror=None):
        for name in files:
            try:
                total += os.lstat(os.path.join(directory, name)).st_blocks * 512  # noqa: PTH118 - many files
            except OSError:
                continue
    return total


async def volume(world: World) -> list[Finding]:
    """Look at the volume of the database's pod, and at the size that was asked for."""
    text = await world.kubectl(
        "exec", POSTGRES_POD, "-c", "postgresql", "--", "df", "-P", "-k", "/var/lib/postgresql"
    )
    try:
        total, _, free = (int(each) * 1024 for each in text.splitlines()[1].split()[1:4])
    except (IndexError, ValueError) as error:
        raise UnreachableError("df in the pod answered something unexpected") from error
    claims = await objects(world, "persistentvolumeclaims")
    asked = next(
        (
            str(each["spec"]["resources"]["requests"]["storage"])
            for each in claims
            if each["metadata"]["name"] == VOLUME_CLAIM
        ),
        "",
    )
    facts: dict[str, JSON] = {"free_bytes": free, "total_bytes": total, "asked": asked}
    said = f"{bytes_text(free)} of {bytes_text(total)} are free on the volume of {POSTGRES_POD}"
    return [Finding(VOLUME, level(1 - free / total, BUSY, FULL), said, facts)]


VOLUME_PROBE = Probe("disk.volume", volume, where="kubernetes")
