"""The service: PostgreSQL and Valkey as `central-config serve` starts them, and API processes."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from typing_extensions import override

from bench.client import Http
from bench.place import fresh
from bench.processes import BenchError, Child, free_port
from central_config.supervisor.postgres import PostgresServer
from central_config.supervisor.valkey import ValkeyServer

API = "/api/v1"
_PASSWORD = "a-password-for-benchmarks"  # noqa: S105 - of a throw-away server
_MASTER_KEY = "YmVuY2htYXJrcy1vbmx5LWJlbmNobWFya3Mtb25seS4="
# The limiter stays on; what a benchmark asks is never refused.
_LIMIT = "1000000000"


class Replica(Child):
    """One API process, `central-config api`: Granian, metrics on, limits on."""

    def __init__(
        self,
        data: Path,
        database_url: str,
        valkey_url: str,
        name: str,
        more: Mapping[str, str] = {},
    ) -> None:
        self.port = free_port()
        self.variables = {
            "DATABASE_URL": database_url,
            "REDIS_URL": valkey_url,
            "MASTER_KEY": _MASTER_KEY,
            "ADMIN_PASSWORD": _PASSWORD,
            "PORT": str(self.port),
            "METRICS_PORT": str(free_port()),
            "RATE_LIMIT_PER_KEY": _LIMIT,
            **more,
        }
        argv = [sys.executable, "-m", "central_config", "api"]
        super().__init__(argv, data / f"{name}.log", self.variables)

    @override
    def is_ready(self) -> bool:
        return Http(self.port).answers("/health/ready")


class Ours:
    """The service with its stores on disk, everything durable; `replicas` API processes."""

    def __init__(self, name: str = "ours", replicas: int = 1) -> None:
        self.data = fresh(name)
        self.data.chmod(0o755)  # PostgreSQL does not run as root
        self.postgres = PostgresServer(data_dir=self.data / "postgres")
        self.valkey = ValkeyServer(data_dir=self.data / "valkey")
        self.replicas: list[Replica] = []
        self._count = replicas

    def __enter__(self) -> Self:
        try:
            self.postgres.start()
            self.valkey.start()
            self.add_replica(first=True)
            for _ in range(1, self._count):
                self.add_replica()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def api(self) -> Replica:
        """The first API process."""
        return self.replicas[0]

    def add_replica(self, more: Mapping[str, str] = {}, *, first: bool = False) -> Replica:
        """Start one more API process, with `more` settings.

        The first migrates and creates the administrator.
        """
        name = f"api{len(self.replicas)}"
        replica = Replica(self.data, self.postgres.url, self.valkey.url, name, more)
        for command in ("migrate", "bootstrap") if first else ():
            self._run(command, replica.variables)
        replica.start()
        self.replicas.append(replica)
        return replica

    def restart(self) -> float:
        """Start the first API process anew; return the seconds until it was ready."""
        self.api.stop()
        started = time.monotonic()
        self.api.start()
        return time.monotonic() - started

    def stop(self) -> None:
        """End everything."""
        for replica in self.replicas:
            replica.stop()
        self.valkey.stop()
        self.postgres.stop()

    def sign_in(self) -> Http:
        """Return a client of the administrator."""
        body = {"username": "admin", "password": _PASSWORD}
        token = Http(self.api.port).ok("POST", f"{API}/sessions", body)["token"]
        return Http(self.api.port, {"Authorization": f"Bearer {token}"})

    def _run(self, command: str, variables: dict[str, str]) -> None:
        child = Child(
            [sys.executable, "-m", "central_config", command], self.data / "setup.log", variables
        )
        with child:
            code = child.wait(120.0)
        if code != 0:
            raise BenchError(f"central-config {command} failed; see {self.data / 'setup.log'}")
