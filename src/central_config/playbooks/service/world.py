"""The system a playbook works on: this machine's installation, or one in Kubernetes.

Every question is bounded in time and raises `UnreachableError` with words an operator understands;
what asks turns that into a finding.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from central_config.core.json import JSON, encode
from central_config.core.settings import Settings, with_database_number
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.plans import TargetName
from central_config.playbooks.store import database, redis
from central_config.supervisor.environment import child_environment
from central_config.supervisor.local import Running, local_paths, processes
from central_config.supervisor.paths import Paths
from central_config.supervisor.plan import reachable

# Seconds; a whole diagnosis fits on one screen and into a few of them.
PATIENCE = 5.0
KUBECTL_PATIENCE = 20.0


class Answer(tuple[int, str]):
    """An HTTP answer: status and text."""

    __slots__ = ()

    @property
    def status(self) -> int:
        """The status code."""
        return self[0]

    @property
    def text(self) -> str:
        """The body."""
        return self[1]


@dataclass
class World:
    """Where a playbook looks and acts. `settings` have been filled with this machine's servers."""

    settings: Settings
    target: TargetName = "local"
    namespace: str = "central-config"
    kubectl_argv: Sequence[str] = ("kubectl",)
    patience: float = PATIENCE
    # How long a session may sleep in its transaction.
    idle_minutes: float = 5.0
    # What the operator handed over on standard input (a leaked token): never shown nor written.
    given: str = field(default="", repr=False)
    paths: Paths | None = field(init=False)

    def __post_init__(self) -> None:
        """Find this machine's installation."""
        self.paths = local_paths(self.settings) if self.target == "local" else None

    async def rows(
        self, sql: str, *arguments: object, admin: bool = False, database_name: str = ""
    ) -> list[dict[str, Any]]:
        """Return what a statement returns, on a connection of its own.

        `admin`: as PostgreSQL's superuser, where this machine has its password; only then
        `database_name` may name another database than the service's.

        Raises:
            UnreachableError: no answer, or a refusal.
        """
        url = self._database_url(admin=admin, name=database_name)
        return await database.rows(url, sql, arguments, self.patience)

    async def redis(self, *words: str) -> Any:  # noqa: ANN401 - what the command answers
        """Return what a Redis command answers.

        Raises:
            UnreachableError: no answer, or a refusal.
        """
        if self.settings.redis_url is None:
            raise UnreachableError("REDIS_URL is not set")
        return await redis.command(self.settings.redis_url.get_secret_value(), words, self.patience)

    async def clear_cache(self, prefix: str) -> int:
        """Remove the cache's keys that begin with `prefix`; return how many.

        Raises:
            UnreachableError: no answer, or a refusal.
        """
        if self.settings.redis_url is None:
            raise UnreachableError("REDIS_URL is not set")
        url = self.settings.redis_url.get_secret_value()
        url = with_database_number(url, self.settings.cache_redis_db)
        return await redis.clear(url, prefix, self.patience)

    async def http(
        self, url: str, *, method: str = "GET", token: str = "", body: JSON = None
    ) -> Answer:
        """Return an HTTP answer of any status. `token` is presented; `body` is sent as JSON.

        Raises:
            UnreachableError: none came.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        content = None if body is None else encode(body)
        try:
            async with httpx2.AsyncClient(timeout=self.patience, trust_env=False) as client:
                answer = await client.request(method, url, headers=headers, content=content)
        except httpx2.HTTPError as error:
            raise UnreachableError(f"{url}: {error or type(error).__name__}") from error
        return Answer((answer.status_code, answer.text))

    def api_url(self, path: str) -> str:
        """Return the address of a path of this machine's API."""
        return f"http://{reachable(self.settings.host)}:{self.settings.port}{path}"

    def metrics_url(self) -> str:
        """Return the address of this machine's metrics."""
        host = reachable(self.settings.metrics_host)
        return f"http://{host}:{self.settings.metrics_port}/metrics"

    async def kubectl(self, *words: str) -> str:
        """Return what `kubectl -n NAMESPACE ...` prints.

        Raises:
            UnreachableError: it is not there, failed, or took too long.
        """
        argv = [*self.kubectl_argv, "-n", self.namespace, *words]
        return await run(argv, KUBECTL_PATIENCE)

    async def own_command(self, words: Sequence[str], patience: float) -> str:
        """Return what a command of this service prints, run on this world's settings.

        Raises:
            UnreachableError: it failed or took too long; with the last thing it said.
        """
        argv = (sys.executable, "-m", "central_config", *words)
        return await run(argv, patience, child_environment(self.settings, {}))

    def processes(self) -> list[Running]:
        """Return what the supervisor of this machine runs; nothing where there is none."""
        return [] if self.paths is None else processes(self.paths)

    def end(self, process: Running) -> None:
        """Ask a process of the supervisor to end; the supervisor starts it again."""
        os.kill(process.pid, signal.SIGTERM)

    def _database_url(self, *, admin: bool, name: str = "") -> str:
        if admin and self.paths is not None and self.paths.admin_password.exists():
            return database.admin_address(self.paths, name)
        if self.settings.database_url is None:
            raise UnreachableError("DATABASE_URL is not set")
        return self.settings.database_url.get_secret_value()


async def run(
    argv: Sequence[str], patience: float, environment: Mapping[str, str] | None = None
) -> str:
    """Run a program and return its output.

    Raises:
        UnreachableError: it is not there, failed, or took too long.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise UnreachableError(f"{argv[0]}: {error.strerror}") from error
    try:
        async with asyncio.timeout(patience):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise UnreachableError(f"{argv[0]} took longer than {patience:g} s") from None
    if process.returncode:
        said = err.decode(errors="replace").strip().splitlines()[-1:] or ["nothing"]
        raise UnreachableError(f"{argv[0]} failed ({process.returncode}): {said[0]}")
    return out.decode(errors="replace")
