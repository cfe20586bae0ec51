"""Prometheus, Alertmanager and exporters as tests start them: Debian's; none is installed here."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import httpx2
import pytest

T = TypeVar("T")

PACKAGES = (
    "prometheus prometheus-alertmanager prometheus-postgres-exporter prometheus-redis-exporter"
)


def tool(name: str) -> str:
    """Return where a program is.

    Without it nothing is proved: the test says so and is skipped on a machine of somebody who
    works on something else, and fails where all tools are to be there (`REQUIRE_TOOLS`).
    """
    found = shutil.which(name)
    if found is None:
        missing = f"{name} is missing; on Debian: apt-get install -y {PACKAGES}"
        if os.environ.get("REQUIRE_TOOLS"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(f"NOT TESTED: {missing}")
    return found


def run(name: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; return its exit code and all it said in `stdout`."""
    return subprocess.run(
        [tool(name), *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=50,
    )


@contextlib.contextmanager
def background(
    command: Sequence[str], log: Path, ready: str, environment: dict[str, str] | None = None
) -> Iterator[None]:
    """Run a program until the block ends; enter the block when the address `ready` answers 200."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [tool(command[0]), *command[1:]],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: _answers(process, ready, log), what=f"{command[0]} at {ready}")
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)


def _answers(process: subprocess.Popen[bytes], address: str, log: Path) -> bool:
    assert process.poll() is None, log.read_text(encoding="utf-8")[-3000:]
    with contextlib.suppress(httpx2.TransportError):
        return httpx2.get(address, timeout=2).status_code == 200
    return False


def until(look: Callable[[], T], *, what: str, seconds: float = 20.0) -> T:
    """Return what `look` returns as soon as that is true of something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")
