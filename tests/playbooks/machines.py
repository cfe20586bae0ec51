"""A real `serve` on a small disk of its own, and the commands run against it as real processes."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from central_config.core.settings import Settings
from central_config.playbooks.store.database import admin_address
from central_config.supervisor.local import processes, supervisor_pid, with_local_servers
from central_config.supervisor.paths import Paths
from tests.crash.one_machine import Machine, serving
from tests.support.api import free_port

DISK = "320m"
OPS_WITHIN = 100.0  # seconds


@dataclass
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def steps(self) -> list[str]:
        return [each["what"] for each in self.json["plan"]["steps"]]

    @property
    def to_do(self) -> list[str]:
        """The steps that would be carried out; advice may come of a computer that is slow."""
        steps = self.json["plan"]["steps"]
        return [each["what"] for each in steps if each["call"]["kind"] != "advice"]

    def finding(self, check: str) -> dict[str, Any]:
        found = self.json["plan"]["findings"] if "plan" in self.json else self.json["findings"]
        return next(each for each in found if each["check"] == check)


@dataclass
class Site:
    """The machine, and whoever operates it."""

    data_dir: Path
    variables: dict[str, str]
    on_small_disk: bool
    machine: Machine | None = None
    plans: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="cc-plans-")))

    @property
    def paths(self) -> Paths:
        return Paths(self.data_dir)

    def ops(self, *words: str, more: dict[str, str] | None = None) -> Said:
        """Run `central-config ops ...` to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "central_config", "ops", *words],
            env={
                "PATH": os.environ["PATH"],
                "DATA_DIR": str(self.data_dir),
                **self.variables,
                **(more or {}),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=OPS_WITHIN,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    def run(self, playbook: str, *words: str) -> tuple[Said, Path]:
        """Diagnose and plan; the plan is saved."""
        plan = self.plans / f"{playbook}.{time.monotonic_ns()}.json"
        return self.ops("run", playbook, "--save", str(plan), "-o", "json", *words), plan

    def apply(self, plan: Path, *words: str) -> Said:
        return self.ops("apply", str(plan), "-o", "json", *words)

    def pid(self, name: str) -> int:
        """The process of a child of the supervisor."""
        return {each.name: each.pid for each in processes(self.paths)}[name]

    def supervisor(self) -> int:
        found = supervisor_pid(self.paths)
        assert found is not None
        return found

    def state(self) -> dict[str, int]:
        """What runs, for tests that nothing was touched."""
        return {each.name: each.pid for each in processes(self.paths)}

    def settings(self) -> Settings:
        return with_local_servers(Settings(data_dir=self.data_dir))

    def url(self) -> str:
        url = self.settings().database_url
        assert url is not None
        return url.get_secret_value()

    async def connect(self, application: str, *, admin: bool = False) -> Any:
        url = admin_address(self.paths) if admin else self.url()
        settings = {"application_name": application}
        return await asyncpg.connect(url, server_settings=settings, timeout=10)

    def sql(self, statement: str, *arguments: object) -> list[dict[str, Any]]:
        """Ask as the superuser."""

        async def ask() -> list[dict[str, Any]]:
            connection = await self.connect("test", admin=True)
            try:
                return [dict(row) for row in await connection.fetch(statement, *arguments)]
            finally:
                await connection.close()

        return asyncio.run(ask())

    def journal(self) -> list[dict[str, Any]]:
        path = self.data_dir / "ops-journal.jsonl"
        if not path.exists():
            return []
        return [json.loads(line)["entry"] for line in path.read_text().splitlines()]

    def recorded(self, run: str) -> int:
        """How often a run stands in the audit log."""
        found = self.sql(
            "SELECT count(*)::int AS n FROM cc_audit_log WHERE target = $1", f"run:{run}"
        )
        return int(found[0]["n"])


@contextlib.contextmanager
def small_disk(place: Path) -> Iterator[bool]:
    """Mount a small file system; False where this user may not."""
    place.mkdir(mode=0o755)
    options = f"size={DISK},mode=755"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    try:
        yield mounted.returncode == 0
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "-l", str(place)], check=False)
        shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def site() -> Iterator[Site]:
    """Start everything."""
    # Short: a unix socket's path holds 107 bytes.
    top = Path(tempfile.mkdtemp(prefix="cc-ops-", dir="/var/tmp"))
    top.chmod(0o755)
    variables = {
        "PORT": str(free_port()),
        "METRICS_PORT": str(free_port()),
        "CELERY_WORKER_CONCURRENCY": "1",
    }
    try:
        with small_disk(top / "disk") as mounted:
            data_dir = top / "disk" / "data" if mounted else top / "data"
            data_dir.mkdir()
            found = Site(data_dir, variables, mounted)
            with serving(data_dir, **variables) as machine:
                machine.url = f"http://127.0.0.1:{variables['PORT']}"
                machine.wait_until_ready()
                found.machine = machine
                yield found
            shutil.rmtree(found.plans, ignore_errors=True)
    finally:
        shutil.rmtree(top, ignore_errors=True)
