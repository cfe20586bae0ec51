"""Commands that stay: watch and run, as processes of their own."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.cli.conftest import Ccfg
from tests.support.api import Workspace
from tests.support.running import RunningApi

WITHIN = 20.0  # seconds; two cores may be busy


class Running:
    """A command in a process of its own, its output by the line."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "central_config", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.readers: list[threading.Thread] = []
        self.out = self._lines(self.process.stdout)
        self.err = self._lines(self.process.stderr)

    def _lines(self, stream: IO[str]) -> "queue.Queue[str]":
        lines: queue.Queue[str] = queue.Queue()

        def read() -> None:
            for line in stream:
                lines.put(line.rstrip("\n"))

        self.readers.append(threading.Thread(target=read, daemon=True))
        self.readers[-1].start()
        return lines

    def line(self) -> str:
        """Return the next line of stdout."""
        return self.out.get(timeout=WITHIN)

    def error(self, holding: str) -> str:
        """Return the next line of stderr that holds a text."""
        until = time.monotonic() + WITHIN
        while True:
            line = self.err.get(timeout=max(0.1, until - time.monotonic()))
            if holding in line:
                return line

    def close(self) -> None:
        """End it, and everything that listens to it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for reader in self.readers:
            reader.join(WITHIN)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def end(self, number: int) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(WITHIN)


Start = Callable[..., Running]


@pytest.fixture
def start(ccfg: Ccfg) -> Iterator[Start]:
    assert ccfg
    begun: list[Running] = []

    def run(*words: str) -> Running:
        begun.append(Running(*words))
        return begun[-1]

    yield run
    for each in begun:
        each.close()


def test_watching(ccfg: Ccfg, start: Start) -> None:
    ccfg("set", "db/old", "1")
    watch = start("watch", "db/")
    watch.error("watching prod")
    ccfg("set", "db/host", "h")
    ccfg("set", "other", "1")
    ccfg("rm", "db/old")
    assert watch.line().endswith("  db/host = h")
    assert watch.line().endswith("  db/old removed")
    assert watch.end(signal.SIGINT) == 130


def test_watching_as_json_resumes(ccfg: Ccfg, start: Start) -> None:
    first = ccfg("set", "a", "1", "-o", "json").data["revision"]
    ccfg("set", "b", "2")
    watch = start("watch", "--since", str(first), "-o", "json")
    event = json.loads(watch.line())
    assert event["event"] == "change"
    assert event["changes"] == [{"key": "b", "value": 2, "status": "active"}]


def test_watching_survives_a_restart(
    ccfg: Ccfg,
    start: Start,
    running_api: RunningApi,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A server of its own: the shared one is not to be killed under other tests.
    with running_api() as server:
        place = Workspace(server.sign_in())
        monkeypatch.setenv("CENTRAL_CONFIG_URL", server.url)
        monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", place.admin.token or "")
        monkeypatch.setenv("CENTRAL_CONFIG_WORKSPACE", place.slug)
        place.admin.close()
        watch = start("watch")
        watch.error("watching prod")
        server.kill()
        watch.error("coming back")
        server.start()
        ccfg("set", "k", "after")
        watch.error("connected again")
        assert watch.line().endswith("  k = after")
        watch.close()


def test_a_revoked_key_ends_the_watch(
    ccfg: Ccfg, start: Start, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = workspace.admin.token or ""
    token = workspace.key()
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", token)
    watch = start("watch")
    watch.error("watching prod")
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", admin)
    key = ccfg("key", "list", "-w", workspace.slug, "-o", "json").data[0]["id"]
    assert ccfg("key", "revoke", key, "--yes").code == 0
    assert watch.process.wait(WITHIN) == 4


def test_running_a_program(ccfg: Ccfg, start: Start) -> None:
    ccfg("set", "db/pool-size", "10")
    ccfg("set", "name", "two words")
    code = "import os; print(os.environ['DB_POOL_SIZE'], os.environ['NAME']); raise SystemExit(9)"
    run = start("run", "--", sys.executable, "-c", code)
    assert run.line() == "10 two words"
    assert run.process.wait(WITHIN) == 9
    assert start("run", "--", "/no/such/program").process.wait(WITHIN) == 127
    assert start("run").process.wait(WITHIN) == 2
    ccfg("set", "db/pool.size", "11")
    collides = start("run", "--", "true")
    assert collides.process.wait(WITHIN) == 2
    assert "db/pool-size and db/pool.size" in collides.error("both become")
    mapped = start("run", "--prefix", "db/", "--map", "db/pool.size=OTHER", "--", "env")
    assert mapped.process.wait(WITHIN) == 0


def test_secrets_one_may_not_see_are_not_handed_over(
    ccfg: Ccfg, start: Start, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ccfg("set", "pw", "-f", "-", "--secret", stdin="hunter2")
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", workspace.key())
    assert start("run", "--", "true").process.wait(WITHIN) == 4
    assert start("run", "--without-secrets", "--", "true").process.wait(WITHIN) == 0
    monkeypatch.setenv("CENTRAL_CONFIG_TOKEN", workspace.key(secrets=True))
    run = start("run", "--", "sh", "-c", "echo $PW")
    assert run.line() == "hunter2"


def test_restarting_a_program_when_its_variables_change(
    ccfg: Ccfg, start: Start, tmp_path: Path
) -> None:
    ccfg("set", "a", "1")
    program = tmp_path / "program.sh"
    program.write_text(
        "#!/bin/sh\ntrap 'kill $!; echo ended; exit 0' TERM\necho a=$A\nsleep 60 & wait\n"
    )
    program.chmod(0o755)
    run = start("run", "--watch", "--", str(program))
    assert run.line() == "a=1"
    ccfg("set", "a", "2")
    assert run.line() == "ended"
    assert run.line() == "a=2"
    assert run.end(signal.SIGTERM) == 0
    assert run.line() == "ended"


def test_a_program_that_will_not_end_is_killed(ccfg: Ccfg, start: Start, tmp_path: Path) -> None:
    ccfg("set", "a", "1")
    program = tmp_path / "stubborn.sh"
    program.write_text("#!/bin/sh\ntrap '' TERM\necho up\nwhile :; do sleep 0.1; done\n")
    program.chmod(0o755)
    run = start("run", "--watch", "--grace", "0.5", "--", str(program))
    assert run.line() == "up"
    assert run.end(signal.SIGTERM) == 137
    run.error("is killed")


def test_a_program_that_ends_ends_the_command(ccfg: Ccfg, start: Start) -> None:
    ccfg("set", "a", "1")
    assert start("run", "--watch", "--", "sh", "-c", "exit 3").process.wait(WITHIN) == 3
