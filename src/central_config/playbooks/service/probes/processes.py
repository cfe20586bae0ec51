"""The processes of this machine's supervisor."""

import os
from pathlib import Path

from central_config.core.json import JSON
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.probes.looking import age_text
from central_config.playbooks.service.world import World
from central_config.supervisor.local import PROC, Running, supervisor_pid

_OURS = ("api", "worker", "beat")
# A child that began this long after its supervisor was begun again (seconds).
_BEGUN_TOGETHER = 90.0
_LATELY = 600.0
# Of `/proc/PID/stat`, behind the name in parentheses: clock ticks since boot at its start.
_STARTED_FIELD = 19


async def probe(world: World) -> list[Finding]:
    """Compare what runs with what should."""
    if world.paths is None:
        said = "`central-config serve` never ran here: another supervisor keeps the processes"
        return [Finding("processes", Status.SKIPPED, said)]
    supervisor = supervisor_pid(world.paths)
    if supervisor is None:
        said = f"no `central-config serve` runs on {world.paths.root}"
        return [Finding("processes.supervisor", Status.BAD, said)]
    running = world.processes()
    return [
        Finding("processes.supervisor", Status.OK, "the supervisor runs", {"pid": supervisor}),
        _children(world, running),
        _restarts(supervisor, running),
    ]


def _children(world: World, running: list[Running]) -> Finding:
    wanted = [*_OURS]
    # What the settings name elsewhere, the supervisor does not start.
    if world.paths is not None and world.paths.cluster.exists():
        wanted.append("postgres")
    names = [each.name for each in running]
    missing = [each for each in wanted if each not in names]
    facts: dict[str, JSON] = {"running": [*names], "missing": [*missing]}
    if missing:
        said = f"not running: {', '.join(missing)}"
        return Finding("processes.children", Status.BAD, said, facts)
    return Finding("processes.children", Status.OK, f"running: {', '.join(names)}", facts)


def _restarts(supervisor: int, running: list[Running]) -> Finding:
    """Tell which children began long after the supervisor, and lately."""
    first = _age(supervisor)
    again = {
        each.name: age
        for each in running
        if (age := _age(each.pid)) is not None
        and first is not None
        and first - age > _BEGUN_TOGETHER
    }
    lately = {name: age for name, age in again.items() if age < _LATELY}
    facts: dict[str, JSON] = {"seconds_ago": dict(again)}
    if lately:
        said = ", ".join(f"{name} {age_text(age)} ago" for name, age in lately.items())
        return Finding("processes.restarts", Status.WARNING, f"begun again: {said}", facts)
    return Finding("processes.restarts", Status.OK, "none was begun again lately", facts)


def _age(pid: int) -> float | None:
    """Return for how long a process has run (seconds); None when it is gone."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        up = float(Path(PROC / "uptime").read_text(encoding="ascii").split()[0])
    except OSError:
        return None
    ticks = int(stat.rpartition(")")[2].split()[_STARTED_FIELD])
    return up - ticks / os.sysconf("SC_CLK_TCK")
