"""PostgreSQL alone, as the supervisor and the test suite start it."""

import asyncio
import os
import shutil
import signal
import stat
from pathlib import Path

import asyncpg
import pytest
from supervised import wait_for

from central_config.supervisor import binaries
from central_config.supervisor.errors import StartRefusedError
from central_config.supervisor.postgres import PostgresServer

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="concerns root only")


def query(url: str, statement: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_first_start_creates_a_database_of_a_role_without_power(data_dir: Path) -> None:
    with PostgresServer(data_dir=data_dir) as server:
        assert query(server.url, "SELECT current_database()") == "central_config"
        assert query(server.url, "SELECT usesuper FROM pg_user WHERE usename = user") is False
        assert query(server.url, "CREATE TABLE t (n int)") is None
        assert query(server.admin_url("postgres"), "SELECT count(*) FROM pg_stat_statements")
        for setting, value in (
            ("fsync", "on"),
            ("synchronous_commit", "on"),
            ("listen_addresses", ""),
            ("data_checksums", "on"),
            ("password_encryption", "scram-sha-256"),
        ):
            assert query(server.url, f"SHOW {setting}") == value
    for secret in data_dir.glob("*.password"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert server.exit_code() == 0


def test_wrong_password_is_refused(used_data_dir: Path) -> None:
    with PostgresServer(data_dir=used_data_dir, durable=False) as server:
        wrong = server.url.replace("central_config:", "central_config:x", 1)
        with pytest.raises(asyncpg.InvalidPasswordError):
            query(wrong, "SELECT 1")


def test_data_survives_a_crash_and_the_next_start_waits_for_the_old_processes(
    used_data_dir: Path,
) -> None:
    with PostgresServer(data_dir=used_data_dir) as server:
        query(server.url, "CREATE TABLE t AS SELECT 42 AS n")
        first = server.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: server.exit_code() is not None)
        server.start()  # at once: backends of the first still hold its memory
        assert server.pid != first
        assert query(server.url, "SELECT n FROM t") == 42


def test_socket_moves_to_a_short_directory_when_the_data_directory_is_deep(place: Path) -> None:
    data_dir = place / ("deep" * 30) / "data"
    with PostgresServer(data_dir=data_dir, durable=False) as server:
        assert query(server.url, "SELECT 1") == 1
        assert str(data_dir) not in server.url
    shutil.rmtree(Path(server.url.partition("host=")[2]).parent)


def test_system_postgres_works_too(data_dir: Path) -> None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("no PostgreSQL of the system")
    with PostgresServer(data_dir=data_dir, bin_dir=found[-1].parent, durable=False) as server:
        assert query(server.url, "SELECT 1") == 1


def test_failed_start_quotes_the_log(used_data_dir: Path) -> None:
    server = PostgresServer(data_dir=used_data_dir, durable=False)
    with (used_data_dir / "postgres" / "postgresql.conf").open("a") as configuration:
        configuration.write("work_mem = 'nonsense'\n")
    with pytest.raises(StartRefusedError, match="work_mem"):
        server.start()


def test_lost_password_file_is_named(used_data_dir: Path) -> None:
    server = PostgresServer(data_dir=used_data_dir, durable=False)
    (used_data_dir / "postgres-admin.password").unlink()
    with pytest.raises(StartRefusedError, match=r"postgres-admin\.password is gone"):
        server.start()


@as_root
def test_programs_its_user_cannot_read_are_copied(place: Path, data_dir: Path) -> None:
    original = binaries.find_postgres()
    closed = place / "closed"
    prefix = closed / "package" / "postgres"
    shutil.copytree(original.parent, prefix, ignore=binaries.NOT_COPIED)
    libraries = original.parent.parent.parent / binaries.WHEEL_LIBRARIES
    if libraries.exists():
        shutil.copytree(libraries, closed / binaries.WHEEL_LIBRARIES)
    closed.chmod(0o700)
    with PostgresServer(data_dir=data_dir, bin_dir=prefix / "bin", durable=False) as server:
        program = Path(f"/proc/{server.pid}/exe").resolve()
        assert program.is_relative_to(data_dir / "programs")
        assert query(server.url, "SELECT 1") == 1


@as_root
def test_data_directory_its_user_cannot_enter_is_refused(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(StartRefusedError, match=f"may not enter {closed}; choose"):
        PostgresServer(data_dir=closed / "data").start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
