"""What the figures were measured on: versions and the machine, asked, never typed."""

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec

from bench.place import HERE
from bench.setup import node_program
from central_config.supervisor.binaries import find_postgres, find_valkey

_NUMBER = re.compile(r"\d+\.\d+(?:\.\d+)?")


def versions() -> dict[str, str]:
    """Return the version of everything that took part."""
    lock = msgspec.json.decode((HERE / "unleash" / "package-lock.json").read_bytes())
    unleash = lock["packages"]["node_modules/unleash-server"]["version"]
    return {
        "central-config": version("central-config"),
        "Python": platform.python_version(),
        "Granian": version("granian"),
        "PostgreSQL": _ask([str(find_postgres() / "postgres"), "--version"]),
        "Valkey": _ask([str(find_valkey()), "--version"]),
        "etcd": _ask(["etcd", "--version"]),
        "Unleash": unleash,
        "Node": _ask([str(node_program()), "--version"]),
        "nginx": _ask(["nginx", "-v"]),
        "h2load (nghttp2)": _ask(["h2load", "--version"]),
        "Linux": _NUMBER.findall(platform.release())[0],
    }


def description() -> str:
    """Return processor and memory; no names."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {_processor()}, {memory:.0f} GiB of memory, one disk"


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return platform.machine() if found is None else found[1].strip()


def _ask(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    found = _NUMBER.search(done.stdout + done.stderr)
    return "unknown" if found is None else found[0]
