"""h2load, the generator of every comparison that needs no state between requests."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bench.processes import BenchError, environment

_RATE = re.compile(r"finished in [\d.]+\w+, ([\d.]+) req/s")
_COUNTS = re.compile(r"requests: .*?(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored")
_STATUS = re.compile(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx")
# The end of a run, beyond its duration (seconds).
_GRACE = 30.0


class Load(NamedTuple):
    """What is asked, of whom. `body` is a file, sent by POST; `paths` are asked one by one."""

    port: int
    path: str
    headers: Mapping[str, str] = {}
    body: Path | None = None
    http1: bool = True
    paths: Path | None = None


class Outcome(NamedTuple):
    """Requests a second, and how many were answered with a success, with a redirect (304)."""

    rate: float
    done: int
    unchanged: int


def run(load: Load, connections: int, seconds: float, streams: int = 1) -> Outcome:
    """Drive a server with one thread for some seconds.

    Raises:
        BenchError: h2load failed, or the server refused a request.
    """
    command = ["h2load", f"-c{connections}", f"-m{streams}", "-t1", f"-D{round(seconds * 1000)}ms"]
    if load.http1:
        command.append("--h1")
    if load.body is not None:
        command.append(f"--data={load.body}")
    for name, value in load.headers.items():
        command += ["-H", f"{name}: {value}"]
    if load.paths is None:
        command.append(f"http://127.0.0.1:{load.port}{load.path}")
    else:
        command += ["-i", str(load.paths)]
    done = subprocess.run(
        command,
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=seconds + _GRACE,
        check=False,
    )
    return _parse(done.stdout + done.stderr, load)


def _parse(text: str, load: Load) -> Outcome:
    rate, counts, status = (found.search(text) for found in (_RATE, _COUNTS, _STATUS))
    if rate is None or counts is None or status is None:
        raise BenchError(f"h2load said of {load.path}:\n{text[-1000:]}")
    two, three, four, five = (int(each) for each in status.groups())
    # At the end of a timed run the requests under way are cut: they are no failure.
    if four or five or not (two or three):
        raise BenchError(f"{load.path}: {four} refused, {five} failed, {two} answered\n{text}")
    return Outcome(float(rate[1]), int(counts[2]), three)
