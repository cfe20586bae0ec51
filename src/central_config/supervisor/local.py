"""The one machine as seen by a command that runs beside it: its settings and its processes."""

from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from central_config.core.settings import Settings
from central_config.supervisor.accounts import database_account
from central_config.supervisor.paths import Paths, default_data_dir, socket_directory
from central_config.supervisor.postgres import address
from central_config.supervisor.valkey import address as valkey_address

PROC = Path("/proc")
# Of `/proc/PID/stat`, behind the name in parentheses: state, parent, ...
PARENT_FIELD = 1


class Running(NamedTuple):
    """A process of the supervisor: what it is (`api`, `worker`, `postgres`, ...) and its id."""

    name: str
    pid: int


def local_paths(settings: Settings) -> Paths | None:
    """Return the places of this machine's installation; None where `serve` never ran."""
    paths = Paths((settings.data_dir or default_data_dir()).resolve())
    return paths if paths.cluster.exists() or paths.valkey.exists() else None


def with_local_servers(settings: Settings) -> Settings:
    """Return the settings that children of `serve` have: what is not set leads to its servers.

    Where `serve` never ran on this machine these are the settings as they are.
    """
    paths = local_paths(settings)
    if paths is None:
        return settings
    found: dict[str, SecretStr | Path] = {"data_dir": paths.root}
    if settings.database_url is None and paths.password.exists():
        account = database_account(paths.cluster)
        sockets = socket_directory(paths.root, account) / "postgres"
        found["database_url"] = SecretStr(address(sockets, paths.password))
    if settings.redis_url is None:
        found["redis_url"] = SecretStr(valkey_address(socket_directory(paths.root)))
    if settings.master_key is None and paths.master_key.exists():
        key = paths.master_key.read_text(encoding="utf-8").strip()
        found["master_key"] = SecretStr(key)
    return settings.model_copy(update=found)


def supervisor_pid(paths: Paths) -> int | None:
    """Return the process id of the supervisor that serves these places; None when none does."""
    try:
        pid = int(paths.lock.read_text(encoding="ascii"))
        command = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if b"serve" in command else None


def processes(paths: Paths) -> list[Running]:
    """Return what the supervisor of these places runs at the moment."""
    supervisor = supervisor_pid(paths)
    if supervisor is None:
        return []
    return [
        Running(_name(pid), pid)
        for pid in sorted(int(each.name) for each in PROC.iterdir() if each.name.isdigit())
        if _parent(pid) == supervisor
    ]


def _parent(pid: int) -> int | None:
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[PARENT_FIELD])


def _name(pid: int) -> str:
    try:
        words = (PROC / str(pid) / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return "gone"
    if b"central_config" in words:
        return words[-1].decode(errors="replace")
    # Valkey shows where it listens behind its name, in the same word.
    program = words[0].decode(errors="replace").split(" ")[0]
    return Path(program).name
