"""Following background jobs until they end."""

import sys
import time
from collections.abc import Callable
from typing import Any

from central_config.cli.client import Client, segment
from central_config.cli.errors import OK, REFUSED, UNREACHABLE, CliError
from central_config.cli.output import Output, say
from central_config.cli.text import safe_line

Job = dict[str, Any]

# Seconds between two looks; a job's progress is written once a second.
PACE = 1.0
ENDED = {"done", "failed", "cancelled"}
# Looks in a row that nobody answered before the command gives up: a restart takes less.
PATIENCE = 30


def path(job_id: str) -> str:
    """Return the address of a job."""
    return f"/jobs/{segment(job_id)}"


def follow(client: Client, job_id: str, tell: Callable[[Job], None]) -> Job:
    """Look at a job until it has ended; `tell` is given it whenever something changed.

    Raises:
        CliError: there is no such job, or nobody answers any more.
    """
    shown: object = None
    silent = 0
    while True:
        try:
            job: Job = client.get(path(job_id))
        except CliError as error:
            silent += 1
            if error.code != UNREACHABLE or silent > PATIENCE:
                raise
        else:
            silent = 0
            state = (job["status"], job["progress"], job["note"], job["attempts"])
            if state != shown:
                shown = state
                tell(job)
            if job["status"] in ENDED:
                return job
        time.sleep(PACE)


class Live:
    """Tells a person how a job goes: one line that changes, or lines where there is no terminal."""

    def __init__(self) -> None:
        self._alive = sys.stderr.isatty()
        self._width = 0

    def __call__(self, job: Job) -> None:
        """Show the job as it is now."""
        text = safe_line(words(job))
        if not self._alive:
            say(text)
            return
        sys.stderr.write("\r" + text.ljust(self._width))
        self._width = len(text)
        if job["status"] in ENDED:
            sys.stderr.write("\n")
        sys.stderr.flush()


def teller(out: Output) -> Callable[[Job], None]:
    """Return what tells how a job goes: nothing, where a program reads the result."""
    return Live() if out.human else _silent


def _silent(job: Job) -> None:
    del job


def words(job: Job) -> str:
    """Return how a job stands, in one line."""
    parts = [job["kind"], job["status"]]
    if job["status"] == "running" and job["progress"] is not None:
        parts.append(f"{job['progress']:.0%}")
    if job["status"] == "running" and job["note"]:
        parts.append(job["note"])
    if job["attempts"] > 1:
        parts.append(f"(run {job['attempts']})")
    if job["error"]:
        parts.append(f"- {job['error']}")
    return "  ".join(str(part) for part in parts)


def code(job: Job) -> int:
    """Return the exit code for a job that has ended."""
    return OK if job["status"] == "done" else REFUSED
