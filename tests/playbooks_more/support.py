"""Real things on loopback that are broken in one way, and the world that looks at them."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from central_config.core.settings import Settings
from central_config.playbooks.model.findings import Finding
from central_config.playbooks.service.world import World
from tests.support.api import MASTER_KEY, ApiProcess


def settings_of(api: ApiProcess, **more: Any) -> Settings:
    """Return the settings an operator's command has beside a running API."""
    environment = api.environment
    return Settings(
        database_url=environment["DATABASE_URL"],
        redis_url=environment.get("REDIS_URL"),
        master_key=MASTER_KEY,
        port=api.port,
        metrics_port=api.metrics_port,
        **more,
    )


def world_of(api: ApiProcess, **more: Any) -> World:
    """Return the world beside a running API."""
    return World(settings_of(api, **more))


def by_check(findings: Iterable[Finding]) -> dict[str, Finding]:
    """Return findings by their name; each name is there once."""
    found = list(findings)
    names = {each.check: each for each in found}
    assert len(names) == len(found)
    return names


def soon(check: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.05)


@contextlib.contextmanager
def silence() -> Iterator[int]:
    """Give a port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield int(listening.getsockname()[1])


def fake_kubectl(directory: Path, answers: dict[str, Any]) -> tuple[str, ...]:
    """Return the argv of a program that notes its arguments and prints what it is told to.

    There is no API server to ask in a test: what is tested is which words kubectl is given, and
    what is made of its answers. `answers`: a beginning of the words behind the namespace, to what
    is printed.
    """
    (directory / "answers.json").write_text(json.dumps(answers))
    program = directory / "kubectl.py"
    program.write_text(
        "import json, pathlib, sys\n"
        f"place = pathlib.Path({str(directory)!r})\n"
        "words = sys.argv[1:]\n"
        "with (place / 'asked').open('a') as file:\n"
        "    file.write(json.dumps(words) + '\\n')\n"
        "told = json.loads((place / 'answers.json').read_text())\n"
        "said = ' '.join(words[2:])\n"
        "found = [text for start, text in told.items() if said.startswith(start)]\n"
        "if not found:\n"
        "    sys.exit('error: the server is not there')\n"
        "print(found[0] if isinstance(found[0], str) else json.dumps(found[0]))\n"
    )
    return (sys.executable, str(program))


def asked_of_kubectl(directory: Path) -> list[list[str]]:
    """Return the words of every call."""
    return [json.loads(line) for line in (directory / "asked").read_text().splitlines()]


class Said(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, for programs."""
        return json.loads(self.out)

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The steps of the plan."""
        return list(self.json["plan"]["steps"])

    def finding(self, check: str) -> dict[str, Any]:
        """Return what was found at a check."""
        place = self.json["plan"] if "plan" in self.json else self.json["run"]
        return next(each for each in place["findings"] if each["check"] == check)


class Operator:
    """Types `central-config ops ...` beside an installation, as real processes."""

    def __init__(self, environment: dict[str, str], place: Path, **more: str) -> None:
        state = {"DATA_DIR": str(place / "data"), "XDG_STATE_HOME": str(place / "state")}
        self.environment = {**environment, **state, **more}
        self.environment.pop("ADMIN_PASSWORD", None)
        self.plan = place / "plan.json"

    def ops(self, *words: str, given: str = "") -> Said:
        """Run a command to its end; `given` comes on standard input."""
        done = subprocess.run(
            [sys.executable, "-m", "central_config", "ops", *words],
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    def run(self, playbook: str, given: str = "") -> Said:
        """Diagnose and plan."""
        words = ("run", playbook, "--save", str(self.plan), "-o", "json")
        return self.ops(*words, given=given)

    def apply(self, *words: str, given: str = "") -> Said:
        """Carry the last plan out."""
        return self.ops("apply", str(self.plan), "-o", "json", *words, given=given)
