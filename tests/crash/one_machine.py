"""`central-config serve` as a child, as a person starts it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.crash.load import wait_for
from tests.support.api import Client, free_port

READY_WITHIN, STOP_WITHIN = 100.0, 30.0  # seconds


@dataclass
class Machine:
    """A running `serve`."""

    data_dir: Path
    process: subprocess.Popen[bytes]
    log: Path
    url: str
    environment: dict[str, str]

    def said(self) -> str:
        """What it wrote so far."""
        return self.log.read_text(encoding="utf-8")

    def wait_until_ready(self) -> None:
        """Wait for the banner that says where the API is."""
        wait_for(
            lambda: "Ctrl-C stops" in self.said() or self.process.poll() is not None, READY_WITHIN
        )
        assert "central-config is ready" in self.said(), self.said()[-4000:]

    def end(self, number: signal.Signals) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOP_WITHIN)

    def sign_in(self, password: str) -> Client:
        """Return the first administrator's client."""
        body = {"username": "admin", "password": password}
        answer = httpx2.post(f"{self.url}/api/v1/sessions", json=body, timeout=20)
        assert answer.status_code == 201, answer.text
        return Client(self.url, answer.json()["token"])


@contextmanager
def serving(data_dir: Path, **variables: str) -> Iterator[Machine]:
    """Start everything on one machine; nothing of it is left afterwards."""
    port = free_port()
    log = data_dir.with_name(f"{data_dir.name}.{time.monotonic_ns()}.log")
    environment = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(data_dir),
        "PORT": str(port),
        "METRICS_PORT": str(free_port()),
        "CELERY_WORKER_CONCURRENCY": "1",
        **variables,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "central_config", "serve"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Machine(data_dir, process, log, f"http://127.0.0.1:{port}", environment)
    finally:
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_WITHIN)
        if process.poll() is None:
            process.kill()
            process.wait()
        for pid in living(data_dir):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def living(data_dir: Path) -> dict[int, str]:
    """Every process that belongs to a data directory: by environment, arguments or directory."""
    found: dict[int, str] = {}
    sign = os.fsencode(data_dir)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):
            if (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                continue
            arguments = (entry / "cmdline").read_bytes()
            directory = os.fsencode((entry / "cwd").readlink())
            if sign in arguments + (entry / "environ").read_bytes() + directory:
                found[int(entry.name)] = arguments.replace(b"\0", b" ").decode(errors="replace")
    return found
