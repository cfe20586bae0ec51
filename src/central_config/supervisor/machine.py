"""Everything that runs on the one machine: started, kept running and stopped in order."""

import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from central_config.core.settings import Settings
from central_config.supervisor import ballast, logfiles
from central_config.supervisor.banner import banner
from central_config.supervisor.cluster import Archiving
from central_config.supervisor.command import run_to_end
from central_config.supervisor.environment import child_environment
from central_config.supervisor.keeper import Keeper, Service
from central_config.supervisor.masterkey import master_key_variables
from central_config.supervisor.paths import Paths
from central_config.supervisor.plan import Command, Plan
from central_config.supervisor.postgres import PostgresServer
from central_config.supervisor.process import Process, Program
from central_config.supervisor.signals import Signals
from central_config.supervisor.valkey import ValkeyServer

# All in seconds. Hurried: after a second Ctrl-C.
CHILDREN_STOP, CHILDREN_HURRIED = 15.0, 0.0
VALKEY_STOP, VALKEY_HURRIED = 10.0, 2.0
POSTGRES_STOP, POSTGRES_HURRIED = 30.0, 2.0
STOP_POLL, STARTING_POLL, ROUTINE_POLL = 0.05, 0.2, 1.0
DEATH_GRACE = 3  # what our own processes get when the supervisor is killed
READY_PATIENCE = 60.0
LOGS_BOUNDED_EVERY = 60.0

_log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class Machine:
    """The two servers (unless others are configured) and the processes of a plan."""

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        paths: Paths,
        signals: Signals,
        archiving: Archiving | None = None,
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._paths = paths
        self._signals = signals
        self._archiving = archiving
        self._postgres: PostgresServer | None = None
        self._valkey: ValkeyServer | None = None
        self._children: list[Process] = []
        self._answers = ""
        self._banner_due = 0.0
        self._announced = False
        self._logs_due = 0.0

    def start(self) -> None:
        """Start everything, in order.

        Raises:
            StartRefusedError: a part does not start.
            StopRequestedError: the operator changed their mind.
        """
        variables = {"DATA_DIR": str(self._paths.root)}
        if self._settings.audit_archive_dir is None:
            variables["AUDIT_ARCHIVE_DIR"] = str(self._paths.root / "audit-archive")
        variables |= master_key_variables(self._settings, self._paths, self._signals.pause)
        variables |= self._start_servers()
        self._lay_ballast()
        environment = child_environment(self._settings, variables)
        for command in self._plan.first:
            self._run_first(command, environment)
        for command in self._plan.keep:
            child = Process(_program(command, environment))
            self._children.append(child)
            child.start()
            _log.info("child started", child=child.name, pid=child.pid)
        self._banner_due = time.monotonic() + READY_PATIENCE

    def keep_running(self) -> None:
        """Watch over everything until a stop is requested.

        Raises:
            StopRequestedError: always; there is no other way out.
        """
        keepers = [Keeper(service) for service in self._services()]
        while True:
            for keeper in keepers:
                keeper.look()
            self._announce_when_ready()
            self._bound_logs()
            self._reap_strangers()
            self._signals.pause(ROUTINE_POLL if self._announced else STARTING_POLL)

    def stop(self) -> None:
        """Stop everything, in bounded time: what uses the servers first, PostgreSQL last."""
        if self._answers and not self._announced:
            self._announce(ready=False)  # a generated password is shown only this once
        self._end(self._children, CHILDREN_STOP, CHILDREN_HURRIED)
        if self._valkey is not None:
            self._end([self._valkey], VALKEY_STOP, VALKEY_HURRIED)
        if self._postgres is not None:
            self._end([self._postgres], POSTGRES_STOP, POSTGRES_HURRIED)

    def _start_servers(self) -> dict[str, str]:
        """Start the servers nobody configured; return the variables that lead to them."""
        data_dir, pause = self._paths.root, self._signals.pause
        variables: dict[str, str] = {}
        if self._settings.database_url is None:
            self._postgres = PostgresServer(
                data_dir=data_dir,
                bin_dir=self._settings.postgres_bin,
                pause=pause,
                archiving=self._archiving,
            )
            self._postgres.start()
            _log.info("child started", child=self._postgres.name, pid=self._postgres.pid)
            variables["DATABASE_URL"] = self._postgres.url
        if self._settings.redis_url is None:
            self._valkey = ValkeyServer(data_dir=data_dir, pause=pause)
            self._valkey.start()
            _log.info("child started", child=self._valkey.name, pid=self._valkey.pid)
            variables["REDIS_URL"] = self._valkey.url
        return variables

    def _lay_ballast(self) -> None:
        if self._postgres is None:
            return  # whose disk is another machine's
        try:
            ballast.lay(self._paths)
        except OSError as problem:
            _log.warning("no ballast laid", reason=str(problem))

    def _run_first(self, command: Command, environment: dict[str, str]) -> None:
        output = run_to_end(_program(command, environment), command.timeout, self._signals.pause)
        sys.stderr.write(output.log)
        if command.answer_is_shown:
            self._answers += output.answer
        else:
            sys.stdout.write(output.answer)

    def _services(self) -> list[Service]:
        servers = (self._postgres, self._valkey)
        return [*(server for server in servers if server is not None), *self._children]

    def _announce_when_ready(self) -> None:
        if self._announced:
            return
        ready = self._plan.is_ready()
        if ready or time.monotonic() > self._banner_due:
            self._announce(ready=ready)

    def _announce(self, *, ready: bool) -> None:
        self._announced = True
        text = banner(self._settings, self._paths.root, self._answers, ready=ready)
        with suppress(OSError):  # a closed terminal is no reason to fail
            sys.stdout.write(f"\n{text}\n\n")
            sys.stdout.flush()

    def _bound_logs(self) -> None:
        if time.monotonic() >= self._logs_due:
            self._logs_due = time.monotonic() + LOGS_BOUNDED_EVERY
            for log in self._paths.logs.glob("*.log"):
                _bound(log)

    def _reap_strangers(self) -> None:
        """Clear away orphans that became ours: as process 1 of a container nobody else does."""
        own = {service.pid for service in self._services()}
        look = os.WEXITED | os.WNOHANG | os.WNOWAIT
        with suppress(ChildProcessError):
            while (ended := os.waitid(os.P_ALL, 0, look)) is not None and ended.si_pid not in own:
                os.waitpid(ended.si_pid, 0)

    def _end(self, services: Sequence[Service], seconds: float, hurried: float) -> None:
        for service in services:
            service.request_stop()
        begin = time.monotonic()
        while any(service.exit_code() is None for service in services):
            patience = hurried if self._signals.hurried else seconds
            if time.monotonic() - begin >= patience:
                break
            self._signals.pause(STOP_POLL)
        for service in services:
            if service.exit_code() is None:
                _log.warning("child does not stop, is killed", child=service.name)
                service.force_stop()


def _bound(log: Path) -> None:
    try:
        logfiles.bound(log)
    except OSError as problem:  # a full disk: nothing to stop the service for
        _log.warning("log file not shortened", file=str(log), reason=str(problem))


def _program(command: Command, environment: dict[str, str]) -> Program:
    return Program(name=command.name, argv=command.argv, environment=environment, grace=DEATH_GRACE)
