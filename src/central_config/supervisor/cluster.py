"""Creates PostgreSQL's data directory and, in a running server, the service's own database."""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, cast

import asyncpg

from central_config.supervisor.accounts import Account
from central_config.supervisor.binaries import postgres_version
from central_config.supervisor.command import run_to_end
from central_config.supervisor.environment import own_environment
from central_config.supervisor.paths import Paths, Pause, sync_directory, write_once
from central_config.supervisor.process import Program

SUPERUSER = "postgres"
ROLE = "central_config"
DATABASE = "central_config"
CREATION_TIMEOUT = 120.0  # seconds; slow disks, emulated processors
DRAFT = "postgres.new-"
BUILTIN_LOCALE_SINCE = 17


class Ground(NamedTuple):
    """What a server stands on: its places, the user it runs as, its programs and its sockets."""

    paths: Paths
    account: Account | None
    bin_dir: Path
    sockets: Path


# Makes a server's log ready to be archived and returns the settings that archive it; called before
# each start, when the data exists. It must not fail: a service without backups serves.
Archiving = Callable[[Ground], Mapping[str, str]]


@dataclass(frozen=True)
class Builder:
    """How a new cluster is made."""

    paths: Paths
    bin_dir: Path
    account: Account | None
    durable: bool
    pause: Pause

    def create(self, password: str) -> None:
        """Create the cluster; it appears complete under its name or not at all.

        Raises:
            StartRefusedError: initdb failed.
        """
        for left_over in self.paths.root.glob(f"{DRAFT}*"):
            shutil.rmtree(left_over)
        draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=self.paths.root))
        try:
            password_file = draft / "password"
            write_once(password_file, password)
            if self.account is not None:
                self.account.own(draft)
                self.account.own(password_file)
            run_to_end(self._initdb(draft / "data", password_file), CREATION_TIMEOUT, self.pause)
            (draft / "data").rename(self.paths.cluster)
            sync_directory(self.paths.root)
        finally:
            shutil.rmtree(draft)

    def _initdb(self, target: Path, password_file: Path) -> Program:
        # Built-in since 17: sorts alike everywhere, whatever the C library's version.
        builtin = postgres_version(self.bin_dir) >= BUILTIN_LOCALE_SINCE
        options = (
            f"--pgdata={target}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            f"--locale-provider={'builtin' if builtin else 'libc'}",
            "--locale=C.UTF-8",
            "--data-checksums",
        )
        return Program(
            name="initdb",
            argv=(
                str(self.bin_dir / "initdb"),
                *options,
                *(() if self.durable else ("--no-sync",)),
            ),
            environment=own_environment(),
            account=self.account,
        )


class Connection(Protocol):
    """What we use of asyncpg's connection, which comes without types."""

    async def execute(self, query: str) -> str:
        """Run a statement."""
        ...

    async def fetchval(self, query: str, *arguments: str) -> object:
        """Return the first column of the first row, None without a row."""
        ...

    async def close(self) -> None:
        """End the session."""
        ...


async def connect(url: str, *, timeout: int) -> Connection:  # noqa: ASYNC109 - asyncpg's own
    """Open a connection, in at most `timeout` seconds."""
    return cast(
        "Connection",
        await asyncpg.connect(url, timeout=timeout),  # pyright: ignore[reportUnknownMemberType]
    )


async def prepare_database(admin_url: str, password: str, *, statistics: bool) -> None:
    """Make the service's role and database exist, with `password` as the role's.

    The role owns its database and may create others (restore drills do), but is no superuser.

    Raises:
        OSError: the server is not there.
        asyncpg.PostgresError: it is there and refuses.
    """
    connection = await connect(admin_url, timeout=5)
    try:
        found = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", ROLE)
        if found is None:
            await connection.execute(f"CREATE ROLE {ROLE} LOGIN CREATEDB IN ROLE pg_monitor")
        # Utility statements take no parameters; the password is our own and hexadecimal.
        await connection.execute(f"ALTER ROLE {ROLE} PASSWORD '{password}'")
        found = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE)
        if found is None:
            await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
        if statistics:
            # In the maintenance database, so a dump of ours can be restored without a superuser.
            await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    finally:
        await connection.close()
