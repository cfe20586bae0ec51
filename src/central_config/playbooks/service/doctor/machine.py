"""The machine the processes run on: files, ports, the zone of its clock."""

import resource
import socket
import time
from pathlib import Path

from central_config.core.json import JSON
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.probes import disk
from central_config.playbooks.service.world import World

# A connection is a file; 16,384 of them and what else is open are what one API process serves.
_ENOUGH_FILES, _TOO_FEW_FILES = 20_000, 4096
_OK = 200


async def examine(world: World) -> list[Finding]:
    """Look at limits, ports and the disk of this machine."""
    settings = world.settings
    found = [_files(), _zone(), await _port(world, "API", settings.host, settings.port)]
    if settings.metrics_port:
        host, port = settings.metrics_host, settings.metrics_port
        found.append(await _port(world, "metrics", host, port))
    return [*found, _master_key_file(world), *await disk.probe(world)]


def _files() -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    facts: dict[str, JSON] = {"limit": hard}
    check = "machine.open_files"
    if hard == resource.RLIM_INFINITY or hard >= _ENOUGH_FILES:
        return Finding(check, Status.OK, "as many connections may be open as are needed", facts)
    status = Status.BAD if hard < _TOO_FEW_FILES else Status.WARNING
    said = f"a process may open {hard} files: so many clients and no more (LimitNOFILE, ulimit -Hn)"
    return Finding(check, status, said, facts)


def _zone() -> Finding:
    said = f"the machine's zone is {time.tzname[0]}; every time is kept and told in UTC"
    return Finding("machine.zone", Status.OK, said, {"zone": time.tzname[0]})


async def _port(world: World, name: str, host: str, port: int) -> Finding:
    """A port is well when it is free, or ours already listens there."""
    check = f"machine.port.{name.lower()}"
    facts: dict[str, JSON] = {"host": host, "port": port}
    if _free(host, port):
        return Finding(check, Status.OK, f"port {port} is free for the {name}", facts)
    url = world.metrics_url() if name == "metrics" else world.api_url("/health/live")
    try:
        answer = await world.http(url)
    except UnreachableError:
        ours = False
    else:
        ours = answer.status == _OK and ("central_config_" in answer.text or "alive" in answer.text)
    if ours:
        return Finding(check, Status.OK, f"our {name} listens on port {port}", facts)
    said = f"somebody else listens on {host}:{port}, where the {name} is to be"
    return Finding(check, Status.BAD, said, facts)


def _free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _master_key_file(world: World) -> Finding:
    """Others on this machine must not read the key that opens every secret."""
    check = "machine.master_key_file"
    path: Path | None = None if world.paths is None else world.paths.master_key
    if path is None or not path.exists():
        said = "the master key is no file of this installation; keep a copy of it elsewhere too"
        return Finding(check, Status.SKIPPED, said)
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        said = f"{path} can be read by others (mode {mode:o}): chmod 600, and take a new key"
        return Finding(check, Status.BAD, said, {"mode": f"{mode:o}"})
    said = f"only its owner reads {path}; keep a copy elsewhere: without it secrets are lost"
    return Finding(check, Status.OK, said, {"mode": f"{mode:o}"})
