"""Valkey as a child process on a unix socket."""

import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

from central_config.supervisor import binaries, logfiles
from central_config.supervisor.environment import own_environment
from central_config.supervisor.errors import StartRefusedError
from central_config.supervisor.paths import PRIVATE, Paths, Pause, socket_directory
from central_config.supervisor.process import Process, Program

POLL = 0.02  # seconds
OLD_SERVER_GONE = 10.0  # seconds: one whose supervisor was killed is still writing its file
STOP = 10.0  # seconds
ANSWER_TIMEOUT = 2.0  # seconds
SOCKET = "valkey.sock"


class ValkeyServer:
    """One server on the append-only file in `data_dir`.

    Start it from the main thread; it ends when the process that started it ends.
    """

    name = "valkey"

    def __init__(self, *, data_dir: Path, pause: Pause = time.sleep) -> None:
        self._paths = Paths(data_dir.resolve())
        self._pause = pause
        self._process: Process | None = None
        self._socket = Path()

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
        """Address of database 0."""
        return address(self._socket.parent)

    @property
    def pid(self) -> int | None:
        """Process id of the latest start."""
        return None if self._process is None else self._process.pid

    def start(self, timeout: float = 30) -> None:
        """Start the server until it answers.

        Raises:
            StartRefusedError: it does not within `timeout` seconds; with its last log lines.
        """
        if self.exit_code() is None and self._process is not None:
            return
        self._prepare()
        self._wait_for_old_server()
        log = self._log
        log_start = log.stat().st_size if log.exists() else 0
        self._process = process = Process(self._program())
        deadline = time.monotonic() + timeout
        process.start()
        while (state := self._state()) != "ready" or process.exit_code() is not None:
            if state == "loading":
                deadline = time.monotonic() + timeout  # a long file is read as long as it takes
            if process.exit_code() is not None or time.monotonic() > deadline:
                self.force_stop()
                raise StartRefusedError(
                    f"Valkey does not start; the end of {log}:\n{logfiles.tail(log, log_start)}"
                )
            self._pause(POLL)

    def stop(self) -> None:
        """Stop the server; it writes its file first. Bounded in time."""
        self.request_stop()
        if self._process is not None and not self._process.wait(STOP):
            self.force_stop()

    def request_stop(self) -> None:
        """Ask the server to write its file and end."""
        if self._process is not None:
            self._process.request_stop()

    def force_stop(self) -> None:
        """End the server now; up to a second of writes is lost."""
        if self._process is not None:
            self._process.force_stop()

    def exit_code(self) -> int | None:
        """Return None while the server runs, else how it ended (0 when it was never started)."""
        return 0 if self._process is None else self._process.exit_code()

    @property
    def _log(self) -> Path:
        return self._paths.logs / "valkey.log"

    def _prepare(self) -> None:
        self._paths.prepare()
        self._paths.valkey.mkdir(mode=PRIVATE, exist_ok=True)
        self._socket = socket_directory(self._paths.root) / SOCKET

    def _program(self) -> Program:
        options = {
            "--unixsocket": str(self._socket),
            "--unixsocketperm": "700",
            "--port": "0",
            "--dir": str(self._paths.valkey),
            "--appendonly": "yes",
            "--appendfsync": "everysec",
            "--save": "",
            "--maxmemory": "64mb",
            "--maxmemory-policy": "volatile-lru",
            "--daemonize": "no",
        }
        return Program(
            name=self.name,
            argv=(
                str(binaries.find_valkey()),
                *(part for item in options.items() for part in item),
            ),
            environment=own_environment(),
            log=self._log,
        )

    def _wait_for_old_server(self) -> None:
        deadline = time.monotonic() + OLD_SERVER_GONE
        while self._state() != "absent":
            if time.monotonic() > deadline:
                raise StartRefusedError(f"another Valkey already answers on {self._socket}")
            self._pause(POLL)

    def _state(self) -> Literal["absent", "loading", "ready"]:
        # By hand: the client library costs the resident supervisor 0.4 s at start and much memory.
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_TIMEOUT)
            try:
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                answer = connection.recv(64)
            except TimeoutError:
                return "loading"
            except OSError:
                return "absent"
        return "ready" if answer.startswith(b"+PONG") else "loading"


def address(sockets: Path) -> str:
    """Return the address of database 0 behind a directory of sockets."""
    return f"unix://{quote(str(sockets / SOCKET))}?db=0"
