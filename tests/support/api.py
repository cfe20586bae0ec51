"""A real API process on loopback, and a client for it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2

from central_config.core.ids import new_id

ADMIN = "admin"
ADMIN_PASSWORD = "a-password-for-tests"
MASTER_KEY = "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk="
# A cold start imports everything; two cores may be busy with other tests (seconds).
START_WITHIN = 40.0


def free_port() -> int:
    """Return a port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Client:
    """Speaks to the API as one principal. Paths are below /api/v1; answers are httpx2's."""

    def __init__(self, base: str, token: str | None) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.base = base
        self.token = token
        self.http = httpx2.Client(base_url=base + "/api/v1", headers=headers, timeout=30)

    def request(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """Send a request; `json`, `content`, `params`, `headers` as in httpx2."""
        return self.http.request(method, path, **more)

    def get(self, path: str, **more: Any) -> httpx2.Response:
        """Send GET."""
        return self.request("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> httpx2.Response:
        """Send POST with a JSON body."""
        return self.request("POST", path, json={} if json is None else json, **more)

    def ok(self, method: str, path: str, **more: Any) -> Any:
        """Send a request that must succeed; return the decoded answer."""
        answer = self.request(method, path, **more)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def put(self, place: str, value: Any, **more: Any) -> Any:
        """Write a value at `workspace/environment/key`, over whatever is there."""
        body = {"value": value, **more}
        return self.ok("PUT", f"/config/{place}", json=body, headers={"If-Match": "*"})

    def value(self, place: str, **params: Any) -> Any:
        """Read a value at `workspace/environment/key`."""
        return self.ok("GET", f"/config/{place}", params=params)["value"]

    def values(self, place: str, **params: Any) -> dict[str, Any]:
        """Read all values at `workspace/environment`."""
        return self.ok("GET", f"/config/{place}", params=params)["values"]

    def close(self) -> None:
        """Close connections."""
        self.http.close()


class ApiProcess:
    """`central-config api` as a child process, with its log in a file."""

    def __init__(
        self, database_url: str, redis_url: str | None, log: Path, more: Mapping[str, str] = {}
    ) -> None:
        self.port = free_port()
        self.metrics_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self.environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database_url,
            "MASTER_KEY": MASTER_KEY,
            "ADMIN_PASSWORD": ADMIN_PASSWORD,
            "PORT": str(self.port),
            "METRICS_PORT": str(self.metrics_port),
            **({} if redis_url is None else {"REDIS_URL": redis_url}),
            **more,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def bootstrap(self) -> None:
        """Create roles and the first administrator in a database of a test's own making.

        A clone made with `bootstrapped=True` has them, and spares a process of some seconds.
        """
        subprocess.run(
            [sys.executable, "-m", "central_config", "bootstrap"],
            env=self.environment,
            check=True,
            capture_output=True,
            timeout=60,
        )

    def start(self) -> None:
        """Start, and wait until it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "central_config", "api"],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until /health/ready answers 200."""
        assert self.process is not None
        until = time.monotonic() + START_WITHIN
        while time.monotonic() < until:
            assert self.process.poll() is None, f"API ended: {self.log.read_text()[-3000:]}"
            try:
                if httpx2.get(f"{self.url}/health/ready", timeout=2).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"API not ready: {self.log.read_text()[-3000:]}")

    def kill(self) -> None:
        """End it as a power cut would: every process at once, no clean-up."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def anonymous(self) -> Client:
        """Return a client without credentials."""
        return Client(self.url, None)

    def sign_in(self, username: str = ADMIN, password: str = ADMIN_PASSWORD) -> Client:
        """Return a client with a new session."""
        client = self.anonymous()
        body = {"username": username, "password": password}
        token = client.ok("POST", "/sessions", json=body)["token"]
        client.close()
        return Client(self.url, token)

    def with_token(self, token: str) -> Client:
        """Return a client for a token."""
        return Client(self.url, token)


class Workspace:
    """A fresh workspace with base <- staging, base <- prod, and its administrator's client."""

    def __init__(self, admin: Client, *, protected: bool = False) -> None:
        self.slug = f"w{new_id().hex[-12:]}"
        self.admin = admin
        admin.ok("POST", "/workspaces", json={"slug": self.slug})
        for slug, parent in (("base", None), ("staging", "base"), ("prod", "base")):
            approval = protected and slug == "prod"
            body = {"slug": slug, "parent": parent, "requires_approval": approval}
            admin.ok("POST", f"/workspaces/{self.slug}/environments", json=body)

    @property
    def path(self) -> str:
        """The address of the workspace."""
        return f"/workspaces/{self.slug}"

    def environment(self, slug: str) -> str:
        """Return the address of an environment."""
        return f"{self.path}/environments/{slug}"

    def place(self, environment: str, key: str = "") -> str:
        """Return `workspace/environment[/key]`."""
        return f"{self.slug}/{environment}" + (f"/{key}" if key else "")

    def key(self, **more: Any) -> str:
        """Create an API key for the workspace; return its token."""
        body = {"name": f"k{new_id().hex[-8:]}", "workspace": self.slug, "access": "read", **more}
        body.setdefault("secrets", False)
        return str(self.admin.ok("POST", "/keys", json=body)["token"])

    def revision(self) -> int:
        """Return the present revision."""
        return int(self.admin.ok("GET", self.path)["revision"])
