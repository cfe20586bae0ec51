"""Runs a load generator as a process of its own, so that it never shares one with what measures."""

import subprocess
import sys
from typing import Generic, TypeVar

import msgspec

from bench.processes import BenchError, environment

Report = TypeVar("Report", bound=msgspec.Struct)


class Worker(Generic[Report]):
    """A generator under way: `python -m module`, its orders on standard input, JSON both ways."""

    def __init__(self, module: str, orders: msgspec.Struct, report: type[Report]) -> None:
        self._module = module
        self._report = report
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment({}),
        )
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        self._process.stdin.write(msgspec.json.encode(orders) + b"\n")
        self._process.stdin.flush()

    def result(self, within: float) -> Report:
        """Wait for its report.

        Raises:
            BenchError: it failed, or took longer than `within` seconds.
        """
        try:
            out, err = self._process.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            self.stop()
            raise BenchError(f"{self._module} did not end within {within:g} s") from None
        if self._process.returncode != 0:
            raise BenchError(f"{self._module} failed:\n{err.decode(errors='replace')[-2000:]}")
        return msgspec.json.decode(out, type=self._report)

    def ask_to_end(self) -> None:
        """Let it finish before its time; `result` then has what came of it so far."""
        if self._process.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        """End it."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()
