"""PostgreSQL as a child process on a unix socket."""

import asyncio
import secrets
import signal
import time
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

import asyncpg

from central_config.supervisor import binaries, logfiles
from central_config.supervisor.accounts import Account, database_account
from central_config.supervisor.cluster import (
    DATABASE,
    ROLE,
    SUPERUSER,
    Archiving,
    Builder,
    Ground,
    prepare_database,
)
from central_config.supervisor.environment import own_environment
from central_config.supervisor.errors import StartRefusedError
from central_config.supervisor.paths import (
    PRIVATE,
    Paths,
    Pause,
    socket_directory,
    write_once,
)
from central_config.supervisor.process import Process, Program

MAX_CONNECTIONS = 100
POLL, RETRY = 0.03, 0.2  # seconds between two looks at a starting server, between two starts
# After a crash the old server's processes hold its memory for some seconds, and meanwhile a new
# one refuses to start.
OLD_PROCESSES_GONE = 10.0
FAST_STOP, IMMEDIATE_STOP = 30.0, 5.0  # seconds
PASSWORD_BYTES = 24


class PostgresServer:
    """One server on the data in `data_dir`, created at the first start.

    Start it from the main thread and outside any event loop; it ends when the process that started
    it ends. `durable=False` trades safety against power cuts for speed (throw-away data).
    `bin_dir=None` takes the first PostgreSQL found. `pause` is how it waits. Without `archiving`
    its log is not archived.
    """

    name = "postgres"

    def __init__(
        self,
        *,
        data_dir: Path,
        bin_dir: Path | None = None,
        durable: bool = True,
        pause: Pause = time.sleep,
        archiving: Archiving | None = None,
    ) -> None:
        self._paths = Paths(data_dir.resolve())
        self._bin_dir = bin_dir
        self._durable = durable
        self._pause = pause
        self._archiving = archiving
        self._process: Process | None = None
        self._account: Account | None = None
        self._sockets = Path()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Address of the service's database, for the service's own role."""
        return self._address(ROLE, self._paths.password, DATABASE)

    def admin_url(self, database: str) -> str:
        """Return the address of any database, for the superuser."""
        return self._address(SUPERUSER, self._paths.admin_password, database)

    @property
    def pid(self) -> int | None:
        """Process id of the latest start."""
        return None if self._process is None else self._process.pid

    def start(self, timeout: float = 30) -> None:
        """Start the server, creating its data first if there is none, until it takes connections.

        Recovery after a crash may take as long as it takes; it ends no sooner for being cut short.

        Raises:
            StartRefusedError: it does not start within `timeout` seconds; with its last log lines.
        """
        if self.exit_code() is None and self._process is not None:
            return
        bin_dir = self._prepare()
        process = Process(self._program(bin_dir))
        self._process = process
        log = self._log
        log_start = log.stat().st_size if log.exists() else 0
        deadline = time.monotonic() + timeout
        retry_until = min(deadline, time.monotonic() + OLD_PROCESSES_GONE)
        process.start()
        while (state := self._state(bin_dir)) != "ready":
            if state == "recovering":
                deadline = time.monotonic() + timeout
            if process.exit_code() is not None and self._was_refused(retry_until):
                self._pause(RETRY)
                process.start()
            elif process.exit_code() is not None or time.monotonic() > deadline:
                self.force_stop()
                raise StartRefusedError(
                    f"PostgreSQL does not start; the end of {log}:\n{logfiles.tail(log, log_start)}"
                )
            self._pause(POLL)

    def stop(self) -> None:
        """Stop the server: sessions are cut, everything is written; bounded in time."""
        self.request_stop()
        if self._process is not None and not self._process.wait(FAST_STOP):
            self.force_stop()

    def request_stop(self) -> None:
        """Begin the fast shutdown."""
        if self._process is not None:
            self._process.send(signal.SIGINT)

    def force_stop(self) -> None:
        """End the server now; the next start recovers from the log."""
        if self._process is None or self.exit_code() is not None:
            return
        self._process.send(signal.SIGQUIT)
        self._process.wait(IMMEDIATE_STOP)
        self._process.force_stop()

    def exit_code(self) -> int | None:
        """Return None while the server runs, else how it ended (0 when it was never started)."""
        return 0 if self._process is None else self._process.exit_code()

    @property
    def _log(self) -> Path:
        return self._paths.logs / "postgres.log"

    def _prepare(self) -> Path:
        """Make everything ready for a start and return the directory of programs."""
        paths = self._paths
        account = database_account(paths.cluster)
        paths.prepare(account)
        found = binaries.find_postgres(self._bin_dir)
        bin_dir = binaries.readable_by(account, found, paths.programs)
        self._sockets = self._own_sockets(account)
        if not paths.cluster.exists():
            for secret in (paths.admin_password, paths.password):
                secret.unlink(missing_ok=True)
                write_once(secret, secrets.token_hex(PASSWORD_BYTES))
            password = paths.admin_password.read_text(encoding="utf-8")
            Builder(paths, bin_dir, account, self._durable, self._pause).create(password)
        for secret in (paths.admin_password, paths.password):
            if not secret.exists():
                raise StartRefusedError(f"{secret} is gone, but {paths.cluster} needs it")
        self._account = account
        return bin_dir

    def _own_sockets(self, account: Account | None) -> Path:
        directory = socket_directory(self._paths.root, account) / "postgres"
        directory.mkdir(mode=PRIVATE, exist_ok=True)
        if account is not None:
            account.own(directory)
        return directory

    def _program(self, bin_dir: Path) -> Program:
        switch = "on" if self._durable else "off"
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            "max_connections": str(MAX_CONNECTIONS),
            "fsync": switch,
            "synchronous_commit": switch,
            "full_page_writes": switch,
            "logging_collector": "off",
            "log_destination": "stderr",
            "log_line_prefix": "%m [%p] %q%u@%d ",
            "cluster_name": "central_config",
            "archive_mode": "off",
        }
        if self._archiving is not None:
            ground = Ground(self._paths, self._account, bin_dir, self._sockets)
            settings.update(self._archiving(ground))
        if binaries.has_statement_statistics(bin_dir):
            settings["shared_preload_libraries"] = "pg_stat_statements"
        options = [part for item in settings.items() for part in ("-c", "=".join(item))]
        return Program(
            name=self.name,
            argv=(str(bin_dir / "postgres"), "-D", str(self._paths.cluster), *options),
            environment=own_environment(),
            death_signal=signal.SIGINT,  # the fast shutdown; SIGTERM would wait for every session
            account=self._account,
            log=self._log,
        )

    def _state(self, bin_dir: Path) -> Literal["absent", "recovering", "ready"]:
        """Ask *this* server for the service's database, and let it make it if need be."""
        if not self._owns_cluster():
            return "absent"
        password = self._paths.password.read_text(encoding="utf-8")
        statistics = binaries.has_statement_statistics(bin_dir)
        database = prepare_database(self.admin_url("postgres"), password, statistics=statistics)
        try:
            asyncio.run(database)
        except asyncpg.CannotConnectNowError:
            return "recovering"
        except (OSError, asyncpg.ConnectionDoesNotExistError):
            return "absent"
        except asyncpg.PostgresError as problem:
            self.force_stop()
            raise StartRefusedError(f"PostgreSQL started, but refuses us: {problem}") from problem
        return "ready"

    def _owns_cluster(self) -> bool:
        """Tell whether the running server is ours, not one of before that is still ending."""
        try:
            first_line, *_ = self._lock.read_text(encoding="utf-8").splitlines() or [""]
        except OSError:
            return False
        return first_line == str(self.pid) and self.exit_code() is None

    def _was_refused(self, until: float) -> bool:
        """Tell whether an earlier server's lock made the start fail, and it is worth a retry."""
        return self._lock.exists() and time.monotonic() < until

    @property
    def _lock(self) -> Path:
        return self._paths.cluster / "postmaster.pid"

    def _address(self, user: str, password: Path, database: str) -> str:
        return address(self._sockets, password, user=user, database=database)


def address(sockets: Path, password: Path, *, user: str = ROLE, database: str = DATABASE) -> str:
    """Return the address of a database behind a directory of sockets.

    `password` is the file that holds the user's.
    """
    secret = password.read_text(encoding="utf-8")
    return f"postgresql://{user}:{secret}@/{quote(database)}?host={quote(str(sockets))}"
