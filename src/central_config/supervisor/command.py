"""A program that is run to its end, in bounded time, with its output kept."""

import signal
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from central_config.supervisor import logfiles
from central_config.supervisor.errors import StartRefusedError
from central_config.supervisor.paths import Pause
from central_config.supervisor.process import Process, Program


class Output(NamedTuple):
    """What a program wrote: its answer and its log."""

    answer: str
    log: str


PATIENCE = 5.0  # seconds between the polite and the other signal


def run_to_end(program: Program, timeout: float, pause: Pause = time.sleep) -> Output:
    """Run `program` and return what it wrote.

    Raises:
        StartRefusedError: it failed or ran longer than `timeout` seconds; with its last output.
    """
    with tempfile.TemporaryDirectory(prefix="central-config-") as directory:
        answer, log = Path(directory) / "answer", Path(directory) / "log"
        process = Process(replace(program, answer=answer, log=log))
        process.start()
        try:
            in_time = process.wait(timeout, pause)
        finally:
            _end(process)
        if not in_time:
            failure = f"did not end within {timeout:g} s"
        elif process.exit_code() != 0:
            failure = f"failed ({describe(process.exit_code())})"
        else:
            return Output(_text(answer), _text(log))
        said = f"{logfiles.tail(answer)}\n{logfiles.tail(log)}".strip() or "(none)"
        raise StartRefusedError(f"{program.name} {failure}; its last output:\n{said}")


def _end(process: Process) -> None:
    if process.exit_code() is None:
        process.request_stop()
        process.wait(PATIENCE)
        process.force_stop()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def describe(code: int | None) -> str:
    """Say an exit code the way an operator reads it."""
    if code is not None and code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return f"exit code {code}"
