"""Unleash on the same PostgreSQL, its limits raised and its calls home off."""

import time
from urllib.parse import parse_qs, unquote, urlsplit

from typing_extensions import override

from bench import database
from bench.client import Http
from bench.place import UNLEASH, fresh
from bench.processes import Child, free_port
from bench.setup import node_program
from central_config.supervisor.postgres import PostgresServer

_ADMIN = "*:*.benchmarksonly0000000000000000000000000000000000000000000000000000"
_CLIENT = "default:development.benchmarksonly00000000000000000000000000000000000"
FEATURES = "/api/client/features"
_LIMIT = "1000000000"
_DATABASE = "unleash"


class Unleash(Child):
    """One Unleash process; `headers` is what a client sends."""

    def __init__(self, postgres: PostgresServer) -> None:
        database.execute(postgres.admin_url("postgres"), f"CREATE DATABASE {_DATABASE}")
        address = urlsplit(postgres.admin_url(_DATABASE))
        self.port = free_port()
        self.headers = {"Authorization": _CLIENT}
        more = {
            "DATABASE_HOST": parse_qs(address.query)["host"][0],
            "DATABASE_PORT": "5432",
            "DATABASE_NAME": _DATABASE,
            "DATABASE_USERNAME": unquote(address.username or ""),
            "DATABASE_PASSWORD": unquote(address.password or ""),
            "DATABASE_SSL": "false",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": str(self.port),
            "INIT_ADMIN_API_TOKENS": _ADMIN,
            "INIT_BACKEND_API_TOKENS": _CLIENT,
            "SDK_API_RATE_LIMIT_PER_MINUTE": _LIMIT,
            "TOKEN_AUTHENTICATION_RATE_LIMIT_PER_MINUTE": _LIMIT,
            "CHECK_VERSION": "false",
            "SEND_TELEMETRY": "false",
            "LOG_LEVEL": "error",
            "NODE_ENV": "production",
            "TZ": "UTC",
        }
        script = UNLEASH / "node_modules" / "unleash-server" / "dist" / "server.js"
        super().__init__([str(node_program()), str(script)], fresh("unleash") / "unleash.log", more)

    @override
    def is_ready(self) -> bool:
        return Http(self.port).answers("/health")

    def fill(self, size: int) -> int:
        """Create flags until a client's answer has `size` bytes; return its size."""
        admin, client = Http(self.port, {"Authorization": _ADMIN}), Http(self.port, self.headers)
        number, have, each = 0, 0, 0
        while have < size:
            more = max(1, (size - have) // each) if each else 5
            for _ in range(more):
                self._create(admin, f"flag-{number:04d}")
                number += 1
            have = self._settled(client)
            each = have // number
        return have

    def _create(self, admin: Http, name: str) -> None:
        project = "/api/admin/projects/default/features"
        place = f"{project}/{name}/environments/development"
        admin.ok("POST", project, {"name": name, "type": "release"})
        admin.ok("POST", f"{place}/strategies", _strategy(name))
        admin.ok("POST", f"{place}/on")

    def _settled(self, client: Http) -> int:
        """Return the answer's size once the server's own cache has seen the last change."""
        time.sleep(0.7)
        return len(client.raw("GET", FEATURES)[1])


def _strategy(name: str) -> dict[str, object]:
    parameters = {"rollout": "100", "stickiness": "default", "groupId": name}
    return {"name": "flexibleRollout", "constraints": [], "parameters": parameters}
