"""One machine as `serve` runs it, watched by a real Prometheus with our rules."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from central_config.core.settings import Settings
from central_config.supervisor.local import local_paths, processes, with_local_servers
from central_config.supervisor.paths import Paths
from tests.crash.one_machine import Machine, serving
from tests.monitoring.definitions import rules
from tests.monitoring.scraping import Prometheus, scraping
from tests.monitoring.tools import until

EXPRESSIONS = {rule.name: rule.query for rule in rules() if rule.is_alert}
FIXED, NOT_FIXED, REFUSED, UNKNOWN = 0, 1, 2, 3


@dataclass
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What it said with `-o json`."""
        return json.loads(self.out)


@dataclass
class Site:
    """The machine, its watcher, and the commands an operator types there."""

    machine: Machine
    prometheus: Prometheus
    settings: Settings
    place: Path
    variables: dict[str, str]

    def fires(self, alert: str, *, seconds: float = 60) -> None:
        """Wait until the alert's expression is true of something."""
        query = EXPRESSIONS[alert]
        until(lambda: self.prometheus.ask(query), what=f"{alert} fires", seconds=seconds)

    def is_quiet(self, alert: str, *, seconds: float = 60) -> None:
        """Wait until the alert's expression is true of nothing."""
        query = EXPRESSIONS[alert]
        until(lambda: not self.prometheus.ask(query), what=f"{alert} is over", seconds=seconds)

    def run(self, *words: str, timeout: float = 120, given: str = "") -> Ran:
        """Run `central-config WORDS` beside the machine."""
        done = subprocess.run(
            [sys.executable, "-m", "central_config", *words],
            env={"PATH": os.environ["PATH"], "HOME": str(self.place), **self.variables},
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    @property
    def paths(self) -> Paths:
        """The machine's places."""
        found = local_paths(self.settings)
        assert found is not None
        return found

    def pid(self, name: str) -> int:
        """Return the process id of a part of the machine."""
        (found,) = (each.pid for each in processes(self.paths) if each.name == name)
        return found

    def stop(self, name: str) -> None:
        """Let a part of the machine hang, with all the processes it has of its own."""
        os.killpg(os.getpgid(self.pid(name)), signal.SIGSTOP)


@contextlib.contextmanager
def watched_machine(place: Path, **variables: str) -> Iterator[Site]:
    """Start everything; nothing of it is left afterwards."""
    data_dir = place / "data"
    with serving(data_dir, ADMIN_PASSWORD="correct-horse-battery", **variables) as machine:
        machine.wait_until_ready()
        told = {"DATA_DIR": str(data_dir), **variables}
        told |= {name: machine.environment[name] for name in ("PORT", "METRICS_PORT")}
        settings = with_local_servers(Settings(data_dir=data_dir))
        assert settings.redis_url is not None
        database, redis = settings.require_database_url(), settings.redis_url.get_secret_value()
        watcher = place / "prometheus"
        watcher.mkdir()
        with scraping(watcher, int(told["METRICS_PORT"]), database, redis) as prometheus:
            yield Site(machine, prometheus, settings, place, told)
