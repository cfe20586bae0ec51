"""Looks at every part of the system: what `ops diagnose` shows, and what playbooks begin with.

`look(world)` runs all of `ALL` side by side within seconds. A part that does not answer is a
finding, never an exception; a part at which nobody looked is `skipped`, never `ok`.
"""

from collections.abc import Collection

from central_config.playbooks.model.findings import Finding
from central_config.playbooks.service.probes import (
    api,
    archive,
    assistant,
    audit,
    backups,
    certificates,
    clock,
    configuration,
    database,
    disk,
    jobs,
    kubernetes,
    metrics,
    processes,
    redis,
)
from central_config.playbooks.service.probes.looking import Probe, look_with
from central_config.playbooks.service.world import World

__all__ = ["ALL", "WITHIN", "Probe", "look", "look_with"]

ALL: tuple[Probe, ...] = (
    Probe("api", api.probe),
    Probe("metrics", metrics.probe),
    Probe("database", database.probe),
    Probe("archive", archive.probe),
    Probe("redis", redis.probe),
    Probe("jobs", jobs.probe),
    Probe("processes", processes.probe),
    Probe("disk", disk.probe),
    Probe("audit", audit.probe),
    Probe("backups", backups.probe),
    Probe("certificates", certificates.probe),
    Probe("assistant", assistant.probe),
    Probe("clock", clock.probe),
    Probe("configuration", configuration.probe),
    Probe("kubernetes", kubernetes.probe, where="kubernetes"),
    Probe("pods", kubernetes.inside, where="kubernetes"),
)

# Seconds that a whole diagnosis may take.
WITHIN = 6.0


async def look(world: World, names: Collection[str] = (), within: float = WITHIN) -> list[Finding]:
    """Return what there is to say of the parts (all, or those named) in the target of `world`."""
    return await look_with([each for each in ALL if not names or each.name in names], world, within)
