"""The one machine's supervisor and its children: there, halted, hung, new?"""

from central_config.core.json import JSON
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.probes.looking import Probe
from central_config.playbooks.service.world import World
from central_config.playbooks.store.proc import Standing, standing
from central_config.supervisor.accounts import database_account
from central_config.supervisor.local import local_paths, supervisor_pid
from central_config.supervisor.paths import Paths, socket_directory

SUPERVISOR, CHILDREN = "supervisor.running", "supervisor.children"
OWN = ("api", "worker", "beat")
POSTGRES, VALKEY = "postgres", "valkey-server"
VALKEY_NAMES = ("valkey-server", "redis-server")


async def probe(world: World) -> list[Finding]:
    """Look at the process table; nothing is asked that could hang."""
    paths = local_paths(world.settings)
    if paths is None:
        said = "`serve` never ran here: somebody else looks after the processes"
        return [Finding(each, Status.SKIPPED, said) for each in (SUPERVISOR, CHILDREN)]
    pid = supervisor_pid(paths)
    found = None if pid is None else standing(pid)
    return [_supervisor(paths, found), _children(world, paths, found)]


PROBE = Probe("supervisor", probe)


def _supervisor(paths: Paths, found: Standing | None) -> Finding:
    if found is None:
        said = f"no supervisor serves {paths.root}"
        return Finding(SUPERVISOR, Status.BAD, said, {"running": False})
    facts: dict[str, JSON] = {"running": True, "process": _row("supervisor", found)}
    if found.stopped:
        return Finding(SUPERVISOR, Status.BAD, f"the supervisor ({found.pid}) is halted", facts)
    return Finding(SUPERVISOR, Status.OK, f"the supervisor runs ({found.pid})", facts)


def _children(world: World, paths: Paths, supervisor: Standing | None) -> Finding:
    found: dict[str, Standing] = {}
    for name, pid in world.processes():
        how = standing(pid)
        if how is not None:
            found[VALKEY if name in VALKEY_NAMES else name] = how
    expected = _expected(world, paths)
    missing: list[JSON] = [each for each in expected if each not in found]
    halted = [name for name, how in found.items() if how.stopped]
    facts: dict[str, JSON] = {
        "processes": [_row(name, how) for name, how in sorted(found.items())],
        "missing": missing,
    }
    if supervisor is None:
        return Finding(CHILDREN, Status.BAD, "nobody keeps the processes running", facts)
    faults = [
        *(f"{each} is not there" for each in missing),
        *(f"{each} is halted" for each in halted),
    ]
    if faults:
        return Finding(CHILDREN, Status.BAD, "; ".join(faults), facts)
    return Finding(CHILDREN, Status.OK, f"{', '.join(sorted(found))} run", facts)


def _expected(world: World, paths: Paths) -> list[str]:
    """Return what the supervisor runs: servers only where no others are configured."""
    database, redis = world.settings.database_url, world.settings.redis_url
    own = str(socket_directory(paths.root, database_account(paths.cluster)))
    servers = [
        name
        for name, url in ((POSTGRES, database), (VALKEY, redis))
        if url is None or own in url.get_secret_value().replace("%2F", "/")
    ]
    return [*servers, *OWN]


def _row(name: str, how: Standing) -> dict[str, JSON]:
    return {
        "name": name,
        "pid": how.pid,
        "started": how.started,
        "stopped": how.stopped,
        "age_seconds": round(how.age),
    }
