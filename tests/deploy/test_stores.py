"""What the chart tells its PostgreSQL and Valkey is understood by the real ones."""

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import redis

from central_config.core.ids import new_id
from central_config.supervisor.binaries import find_postgres, find_valkey
from central_config.supervisor.postgres import PostgresServer
from tests.deploy.chart import one, rendered
from tests.support.api import ApiProcess

PASSWORD = 'it\'s a \\ "password"'


def container(name: str) -> dict[str, object]:
    pod = one(rendered("default"), "StatefulSet", name)["spec"]["template"]["spec"]
    return pod["containers"][0]


def test_valkey_starts_with_a_password_and_keeps_the_queue(tmp_path: Path) -> None:
    (configuration,) = one(rendered("default"), "ConfigMap", "redis-configuration")["data"].values()
    script = container("redis")["args"][0]  # type: ignore[index]
    for inside, outside in (
        ("/run/valkey", "run"),
        ("/etc/valkey", "etc"),
        ("dir /data", "data"),
        ("valkey-server", str(find_valkey())),
    ):
        place = outside if outside.startswith("/") else str(tmp_path / outside)
        if not outside.startswith("/"):
            Path(place).mkdir()
        script = script.replace(inside, place)
        configuration = configuration.replace(inside, f"dir {place}" if " " in inside else place)
    (tmp_path / "etc" / "valkey.conf").write_text(configuration)
    socket = tmp_path / "s"
    script = script.rstrip() + f" --port 0 --unixsocket {socket}\n"
    with subprocess.Popen(
        ["sh", "-euc", script],
        env={**os.environ, "REDISCLI_AUTH": "secret"},
        stdout=subprocess.PIPE,
    ) as server:
        try:
            with redis.Redis(unix_socket_path=str(socket), password="secret") as client:
                wait_for_pong(client)
                found = client.config_get("maxmemory-policy", "appendonly", "save", "maxmemory")
                assert found == {
                    "maxmemory-policy": "volatile-lru",
                    "appendonly": "yes",
                    "save": "",
                    "maxmemory": str(128 * 1024 * 1024),
                }
            with (
                redis.Redis(unix_socket_path=str(socket)) as stranger,
                pytest.raises(redis.AuthenticationError),
            ):
                stranger.ping()
        finally:
            server.terminate()
    assert server.returncode == 0


def wait_for_pong(client: redis.Redis) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            client.ping()
        except redis.ConnectionError:
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return


def test_the_first_start_of_postgresql_makes_a_role_that_can_migrate(
    template_url: str, redis_url: str, tmp_path: Path
) -> None:
    """The script as it is, with another name and the test server's address."""
    name = f"t{new_id().hex}"
    (host,) = parse_qs(urlsplit(template_url).query)["host"]
    superuser = PostgresServer(data_dir=Path(host).parents[1]).admin_url("postgres")
    maintenance = f"{superuser.partition('?')[0]}?host={host}"
    extension = "CREATE EXTENSION"  # not in every build, and there already
    (script,) = one(rendered("default"), "ConfigMap", "postgres-first-start")["data"].values()
    assert script.count("-U postgres -d postgres") == 1
    script = script.replace("central_config", name).replace(extension, "-- ")
    script = script.replace("-U postgres -d postgres", f"'{maintenance}'")
    tools = find_postgres()
    environment = {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "DATABASE_PASSWORD": PASSWORD,
    }

    def psql(statement: str) -> str:
        words = [tools / "psql", "-XAt", "-v", "ON_ERROR_STOP=1", maintenance, "-c", statement]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

    try:
        subprocess.run(["sh", "-c", script], env=environment, check=True, capture_output=True)
        powers = psql(f"SELECT rolsuper FROM pg_roles WHERE rolname = '{name}'")  # noqa: S608 - made here
        assert powers == "f"
        address = f"postgresql://{name}:{quote(PASSWORD)}@/{name}?host={host}"
        api = ApiProcess(address, redis_url, tmp_path / "api.log")
        subprocess.run(
            [sys.executable, "-m", "central_config", "migrate"],
            env=api.environment,
            check=True,
            capture_output=True,
            timeout=40,
        )
        api.bootstrap()
    finally:
        psql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        psql(f'DROP ROLE IF EXISTS "{name}"')


def test_postgresql_knows_its_arguments(template_url: str) -> None:
    program, *arguments = container("postgres")["args"]  # type: ignore[misc]
    assert program == "postgres"
    names = {each.partition("=")[0] for each in arguments if each != "-c"}
    words = [find_postgres() / "psql", "-XAt", template_url, "-c", "SELECT name FROM pg_settings"]
    known = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert names <= set(known)
