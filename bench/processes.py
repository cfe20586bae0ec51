"""Children of the benchmark: each ends with it, by its own process id."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from bench import proc

STOP_WITHIN = 15.0  # seconds
START_WITHIN = 90.0  # seconds: Unleash migrates its database first
POLL = 0.05  # seconds


class BenchError(Exception):
    """The benchmark cannot go on; the text says why."""


def free_port() -> int:
    """Return a port of loopback nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return a small environment for a child: the search path, a home, and `more`."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "PYTHONPATH")
        if name in os.environ
    }
    return {**kept, **more}


class Child:
    """A server process with its log in a file.

    The kernel ends it when we die (`setpriv --pdeathsig`), and `stop` ends it before that.
    """

    def __init__(
        self,
        argv: Sequence[str],
        log: Path,
        more: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self._argv = ["setpriv", "--pdeathsig", "TERM", *argv]
        self._log = log
        self._environment = environment(more or {})
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Process id.

        Raises:
            BenchError: it was not started.
        """
        if self._process is None:
            raise BenchError(f"{self._argv[3]} was not started")
        return self._process.pid

    @property
    def memory(self) -> int:
        """Resident memory of its largest process (bytes)."""
        return proc.resident(self.pid)

    def is_ready(self) -> bool:
        """Tell whether it can be used; it is asked until it is."""
        return True

    def start(self) -> None:
        """Start it, and wait until it is ready.

        Raises:
            BenchError: it ended instead, or took too long.
        """
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._argv,
                env=self._environment,
                cwd=self._cwd,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        until = time.monotonic() + START_WITHIN
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > until:
                tail = self._log.read_text(errors="replace")[-2000:]
                raise BenchError(f"{self._argv[3]} does not start:\n{tail}")
            time.sleep(POLL)

    def wait(self, within: float) -> int:
        """Wait for its end; return its exit code."""
        if self._process is None:
            raise BenchError(f"{self._argv[3]} was not started")
        return self._process.wait(within)

    def stop(self) -> None:
        """End it: first asked, then not."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        left = proc.family(process.pid)
        process.terminate()
        try:
            process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            for pid in left:
                _kill(pid)
            process.wait(STOP_WITHIN)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
