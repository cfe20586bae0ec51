"""A PostgreSQL on a restored directory, beside the live one: private, and ended with its user."""

import asyncio
import secrets
import shutil
import signal
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from central_config.backups.model.errors import BackupFailedError
from central_config.backups.service.installation import Installation
from central_config.backups.store.server import is_recovering
from central_config.supervisor import logfiles
from central_config.supervisor.cluster import DATABASE, ROLE, SUPERUSER
from central_config.supervisor.environment import own_environment
from central_config.supervisor.paths import PRIVATE
from central_config.supervisor.postgres import MAX_CONNECTIONS
from central_config.supervisor.process import Process, Program

POLL = 0.1  # seconds
STOP_PATIENCE = 60.0  # seconds for writing everything; a drill's server is cut off instead
GRAVE = ("FATAL:", "PANIC:", "ERROR:")
# What our own asking causes while it recovers.
EARLY = ("the database system is starting up", "is not yet accepting connections")
# The directory of its socket lets only PostgreSQL's user and root in, so nobody needs a password:
# on another machine than its own nobody knows one.
TRUST = "local all all trust\n"


class Throwaway(NamedTuple):
    """The running server: its sockets, and the file it writes its log to, from that byte on."""

    sockets: Path
    log: Path
    log_start: int

    @property
    def url(self) -> str:
        """Address of the service's database, for the service's own role."""
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self.sockets))}"

    @property
    def admin_url(self) -> str:
        """Address of the maintenance database, for the superuser."""
        return f"postgresql://{SUPERUSER}@/postgres?host={quote(str(self.sockets))}"


@asynccontextmanager
async def running_on(
    data: Path, installation: Installation, *, keep: bool, patience: float
) -> AsyncGenerator[Throwaway]:
    """Run a server on `data` until the block ends; enter the block when its recovery is over.

    It writes its log to `recovery.log` of the installation. With `keep` the data will be lived on:
    everything reaches the disk, and what the server writes is marked for the archive, though not
    sent while it is on trial. Start it in the main thread.

    Raises:
        BackupFailedError: recovery fails, or is not over within `patience` seconds.
    """
    sockets = installation.sockets.with_name(f"t{secrets.token_hex(3)}")
    sockets.mkdir(mode=PRIVATE)
    entrance = sockets / "pg_hba.conf"
    entrance.write_text(TRUST, encoding="utf-8")
    log = installation.paths.logs / "recovery.log"
    if installation.account is not None:
        installation.account.own(sockets)
        installation.account.own(entrance)
    process = Process(_program(data, installation, sockets, keep=keep))
    try:
        server = Throwaway(sockets, log, log.stat().st_size if log.exists() else 0)
        process.start()
        await _recovered(process, server, patience)
        yield server
    finally:
        await _stop(process, keep=keep)
        shutil.rmtree(sockets, ignore_errors=True)


def _program(data: Path, installation: Installation, sockets: Path, *, keep: bool) -> Program:
    switch = "on" if keep else "off"
    settings: Mapping[str, str] = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "hba_file": str(sockets / "pg_hba.conf"),
        # Recovery refuses to run with fewer than the server had whose log it replays.
        "max_connections": str(MAX_CONNECTIONS),
        "fsync": switch,
        "full_page_writes": switch,
        # With an empty command what is complete waits. The history of a new timeline must not get
        # lost: without it a later recovery would follow the old one.
        "archive_mode": switch,
        "archive_command": "",
        "logging_collector": "off",
        "log_destination": "stderr",
        "cluster_name": "central_config_recovered",
    }
    options = [part for item in settings.items() for part in ("-c", "=".join(item))]
    return Program(
        name="postgres",
        argv=(str(installation.bin_dir / "postgres"), "-D", str(data), *options),
        environment=own_environment(),
        death_signal=signal.SIGINT if keep else signal.SIGQUIT,
        account=installation.account,
        log=installation.paths.logs / "recovery.log",
    )


async def _recovered(process: Process, server: Throwaway, patience: float) -> None:
    deadline = time.monotonic() + patience
    while await is_recovering(server.admin_url) is not False:
        if process.exit_code() is not None:
            raise BackupFailedError(f"PostgreSQL does not recover: {reasons(server)}")
        if time.monotonic() > deadline:
            raise BackupFailedError(f"recovery is not over after {patience:g} s")
        await asyncio.sleep(POLL)


def reasons(server: Throwaway) -> str:
    """Return why a server ended, by the last grave lines of its log."""
    lines = logfiles.tail(server.log, server.log_start).splitlines()
    grave = [line for line in lines if any(word in line for word in GRAVE)]
    own = [line for line in grave if not any(words in line for words in EARLY)]
    return "; ".join(own[-3:]) or "\n".join(lines[-3:]) or "it said nothing"


async def _stop(process: Process, *, keep: bool) -> None:
    process.send(signal.SIGINT if keep else signal.SIGQUIT)
    deadline = time.monotonic() + (STOP_PATIENCE if keep else POLL * 20)
    while process.exit_code() is None and time.monotonic() < deadline:  # noqa: ASYNC110 - a process
        await asyncio.sleep(POLL / 4)
    process.force_stop()
