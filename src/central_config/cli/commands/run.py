# ruff: noqa: D417 - `opts` is described by its class
"""Running a program with the configuration in its environment."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter

from central_config.cli import variables
from central_config.cli.client import Client
from central_config.cli.errors import NOT_ALLOWED, CliError, UsageError
from central_config.cli.naming import parse_mappings, variables_of
from central_config.cli.output import say
from central_config.cli.session import IN_ENVIRONMENT, InEnvironment
from central_config.cli.watching import follow

# What shells say when a program cannot be started, or is not there.
CANNOT_RUN, NOT_THERE = 126, 127
# How often the child is looked at (seconds).
LOOK = 0.2

# A key of configuration must not take over how programs are found and loaded.
GUARDED = {
    "PATH", "HOME", "SHELL", "USER", "LOGNAME", "IFS", "ENV", "BASH_ENV", "SHELLOPTS",
    "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "NODE_OPTIONS", "PERL5LIB", "PERL5OPT",
    "RUBYLIB", "RUBYOPT", "JAVA_TOOL_OPTIONS", "GIT_SSH_COMMAND",
}  # fmt: skip
GUARDED_PREFIXES = ("LD_", "DYLD_", "CENTRAL_CONFIG_")


def run(
    *command: Annotated[str, Parameter(allow_leading_hyphen=True)],
    prefix: str = "",
    map: Annotated[list[str] | None, Parameter(name="--map")] = None,  # noqa: A002
    without_secrets: bool = False,
    watch: bool = False,
    grace: float = 10.0,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> int:
    """Run a program with the environment's values as its environment variables.

    `db/pool-size` becomes DB_POOL_SIZE. A string is handed over as it is, anything else as JSON,
    null as an empty text. Two keys that become one variable are refused, and so are variables that
    steer how programs are found and loaded (PATH, LD_PRELOAD, ...) unless `--map` names them.

    The program takes the place of this one, so its exit code is what you get; 127 if there is no
    such program. With `--watch` it runs as a child, and is restarted when its variables change.

    Write `--` before the program: `ccfg run -e prod -- ./server --port 80`.

    Args:
        command: the program and its arguments.
        prefix: only keys that begin so; the prefix is left out of the names.
        map: `KEY=NAME` gives a key another variable; may be repeated.
        without_secrets: leave out secrets you may not see, instead of refusing.
        watch: restart the program when its variables change.
        grace: with `--watch`: seconds a program has to end after SIGTERM before SIGKILL.
    """
    if not command:
        raise UsageError("there is no program to run", "Write: ccfg run -- PROGRAM ARGUMENTS")
    mappings = parse_mappings(map or [])
    client = opts.client()

    def read() -> dict[str, str]:
        found = client.get(opts.config_path(), {"prefix": prefix})
        values = _visible(found, leave_out=without_secrets)
        return guarded(variables_of(values, prefix, mappings), mappings)

    if watch:
        path = opts.config_path().replace("/config/", "/watch/", 1)
        return Restarter(client, path, prefix, command, grace).run(read)
    environment = {**variables.everything(), **read()}
    sys.stdout.flush()
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - that is the command's purpose
    except OSError as error:
        return _cannot_start(command, error)


def _cannot_start(command: Sequence[str], error: OSError) -> int:
    say(f"error: cannot run {command[0]}: {error.strerror}")
    return NOT_THERE if isinstance(error, FileNotFoundError) else CANNOT_RUN


def _visible(found: dict[str, Any], *, leave_out: bool) -> dict[str, Any]:
    """Return the values without masked secrets: nobody wants `******` for a password."""
    masked: list[str] = found["masked"]
    if masked and not leave_out:
        raise CliError(
            f"secrets you may not see: {', '.join(masked[:10])}{' ...' if masked[10:] else ''}",
            NOT_ALLOWED,
            "Use an API key that delivers secrets, or --without-secrets.",
        )
    return {key: value for key, value in found["values"].items() if key not in masked}


def guarded(found: dict[str, str], mappings: dict[str, str]) -> dict[str, str]:
    """Return the variables.

    Raises:
        UsageError: one of them steers how programs are found and loaded, and nobody asked for it.
    """
    asked = set(mappings.values())
    for name in sorted(set(found) - asked):
        if name in GUARDED or name.startswith(GUARDED_PREFIXES):
            raise UsageError(
                f"a key becomes the variable {name}, which steers programs",
                f"Give --map KEY={name} if you mean it, or another name.",
            )
    return found


class Restarter:
    """Keeps one child running with the present variables."""

    def __init__(
        self, client: Client, path: str, prefix: str, command: Sequence[str], grace: float
    ) -> None:
        self._client = client
        self._path = path
        self._prefix = prefix
        self._command = command
        self._grace = grace
        self._changed = threading.Event()
        self._stop = 0
        self._failure: CliError | None = None

    def run(self, read: Any) -> int:  # noqa: ANN401 - returns the variables
        """Run until the child ends by itself or we are told to; return its exit code."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stopped)
        # The stream begins with a snapshot, so no change between reading and watching is missed.
        present = read()
        threading.Thread(target=self._listen, daemon=True).start()
        child = self._start(present)
        while True:
            code = child.poll()
            if code is not None:
                return code if code >= 0 else 128 - code
            if self._stop:
                return self._end(child, self._stop)
            if self._changed.wait(LOOK):
                self._changed.clear()
                present, child = self._renew(child, present, read)

    def _renew(
        self,
        child: "subprocess.Popen[bytes]",
        present: dict[str, str],
        read: Any,  # noqa: ANN401
    ) -> tuple[dict[str, str], "subprocess.Popen[bytes]"]:
        """Restart the child if its variables changed; a refusal leaves it as it is."""
        try:
            if self._failure is not None:
                raise self._failure
            wanted = read()
        except CliError as error:
            say(f"warning: the program goes on unchanged: {error.message}")
            return present, child
        if wanted == present:
            return present, child
        names = {name for name in {*wanted, *present} if wanted.get(name) != present.get(name)}
        say(f"restarting: {', '.join(sorted(names)[:10])} changed")
        self._end(child, signal.SIGTERM)
        return wanted, self._start(wanted)

    def _start(self, found: dict[str, str]) -> "subprocess.Popen[bytes]":
        environment = {**variables.everything(), **found}
        try:
            return subprocess.Popen(self._command, env=environment)  # noqa: S603 - the purpose
        except OSError as error:
            raise SystemExit(_cannot_start(self._command, error)) from None

    def _end(self, child: "subprocess.Popen[bytes]", number: int) -> int:
        """End the child, politely first; return its exit code."""
        if child.poll() is None:
            child.send_signal(number)
        deadline = time.monotonic() + self._grace
        while child.poll() is None and time.monotonic() < deadline:
            time.sleep(LOOK / 4)
        if child.poll() is None:
            say(f"the program did not end within {self._grace:g} s and is killed")
            child.kill()
        code = child.wait()
        return code if code >= 0 else 128 - code

    def _stopped(self, number: int, _: object) -> None:
        self._stop = number

    def _listen(self) -> None:
        try:
            for _ in follow(self._client, self._path, self._prefix, None):
                self._changed.set()
        except CliError as error:
            self._failure = error
            self._changed.set()
