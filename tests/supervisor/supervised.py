"""A supervisor in a process of its own, and a look at every process that belongs to it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

HERE = Path(__file__).parent
PATIENCE = 20.0  # seconds
# `nobody` may not enter the interpreter's directory on some machines; this lets it read, not write.
AS_NOBODY = (
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
)
SLEEPER = {"name": "sleeper", "argv": ["/bin/sleep", "1000"]}


@dataclass
class Supervised:
    """A running supervisor."""

    data_dir: Path
    process: subprocess.Popen[str]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def events(self) -> list[dict[str, object]]:
        lines = self.said().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def wait_until_ready(self) -> None:
        wait_for(lambda: "Ctrl-C stops" in self.said() or self.process.poll() is not None)
        assert "central-config is ready" in self.said(), self.said()

    def child(self, name: str) -> int:
        """The process id of the latest start of a child."""
        return int([e["pid"] for e in self.events() if e.get("child") == name and "pid" in e][-1])

    def restarted(self, name: str) -> bool:
        return any(e["event"] == "child restarted" and e["child"] == name for e in self.events())

    def ask(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def wait(self, seconds: float = PATIENCE) -> int:
        return self.process.wait(seconds)


@contextmanager
def supervisor(
    data_dir: Path, *, prefix: tuple[str, ...] = (), **plan: object
) -> Iterator[Supervised]:
    """Start a supervisor with a plan; nothing of it is left afterwards."""
    strangers = living(data_dir).keys()  # those of another supervisor, where the test has two
    log = data_dir.with_name(f"{data_dir.name}.{time.monotonic_ns()}.output")
    with log.open("w") as output:
        process = subprocess.Popen(
            [*prefix, sys.executable, HERE / "stand_in_product.py", data_dir, json.dumps(plan)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
        )
    try:
        yield Supervised(data_dir, process, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
        process.kill()
        process.wait()
        for pid in living(data_dir).keys() - strangers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def living(data_dir: Path) -> dict[int, str]:
    """Every process that belongs to a data directory: by its environment, arguments or directory.

    PostgreSQL overwrites the first two, Granian and Celery keep them.
    """
    found: dict[int, str] = {}
    sign = os.fsencode(data_dir)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):
            if (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                continue
            arguments = (entry / "cmdline").read_bytes()
            traces = (
                arguments
                + (entry / "environ").read_bytes()
                + os.fsencode((entry / "cwd").readlink())
            )
            if sign in traces:
                found[int(entry.name)] = arguments.replace(b"\0", b" ").decode(errors="replace")
    return found


def wait_for(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def execute(url: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())
