"""One child process: start it, tie its life to ours, signal it, clear away what it leaves."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from central_config.supervisor import child
from central_config.supervisor.accounts import Account
from central_config.supervisor.paths import PRIVATE_FILE

POLL = 0.02  # seconds
KILL_TIMEOUT = 5.0  # seconds: only a process stuck in the kernel takes longer
CHILD_SHIM = (sys.executable, "-I", "-S", child.__file__)


@dataclass(frozen=True, kw_only=True)
class Program:
    """What stays the same over the restarts of a child.

    `death_signal` reaches it when the supervisor dies. What it writes goes to `log`, or where ours
    goes; its standard output to `answer` when that is given. With a `grace` (seconds) a guard kills
    its whole process group that long after the supervisor's death.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    death_signal: signal.Signals = signal.SIGTERM
    grace: int = 0
    account: Account | None = None
    log: Path | None = None
    answer: Path | None = None


class Process:
    """A program that runs at most once at a time.

    It leads a session of its own, so Ctrl-C in the terminal reaches the supervisor only. Start it
    from the main thread: the kernel takes the end of the starting *thread* for our death.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the latest start."""
        return None if self._running is None else self._running.pid

    @property
    def name(self) -> str:
        """What the operator calls it."""
        return self.program.name

    def start(self) -> None:
        """Start the program."""
        program = self.program
        account = program.account
        identity = (-1, -1) if account is None else (account.uid, account.gid)
        settled = (os.getpid(), int(program.death_signal), *identity, program.grace)
        with ExitStack() as files:
            log = _append_to(program.log, files)
            self._running = subprocess.Popen(  # noqa: S603 - own programs, no shell
                [*CHILD_SHIM, *map(str, settled), *program.argv],
                env=dict(program.environment),
                stdin=subprocess.DEVNULL,
                stdout=_append_to(program.answer, files) or log,
                stderr=log,
                start_new_session=True,
            )

    def exit_code(self) -> int | None:
        """Return None while it runs, afterwards its code (negative: the signal that ended it)."""
        if self._running is None:
            return 0
        if self._running.returncode is None and _has_ended(self._running.pid):
            # Before the process is reaped its id cannot be given to a stranger.
            self._kill_group()
        return self._running.poll()

    def request_stop(self) -> None:
        """Ask the program to end in its own time."""
        self.send(signal.SIGTERM)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program, not to its children; harmless when it has ended."""
        if self._running is not None and self.exit_code() is None:
            os.kill(self._running.pid, number)

    def wait(self, seconds: float, pause: Callable[[float], None] = time.sleep) -> bool:
        """Wait at most `seconds` for the end; tell whether it came."""
        deadline = time.monotonic() + seconds
        while self.exit_code() is None:
            if time.monotonic() >= deadline:
                return False
            pause(POLL)
        return True

    def force_stop(self) -> None:
        """End the program and everything in its process group now."""
        if self.exit_code() is None:
            self._kill_group()
            self.wait(KILL_TIMEOUT)

    def _kill_group(self) -> None:
        if self._running is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)


def _append_to(path: Path | None, files: ExitStack) -> int | None:
    if path is None:
        return None
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
    files.callback(os.close, handle)
    return handle


def _has_ended(pid: int) -> bool:
    """Tell whether our child has ended, without reaping it."""
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, pid, options) is not None
