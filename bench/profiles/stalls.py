"""Measures how a publication of many keys holds up the event loop.

    python -m bench.profiles.stalls [--keys 100000]

A task asks for a millisecond's sleep again and again and notes how late it was woken, while a
change of so many keys is drafted and published in the same process.
"""

import argparse
import asyncio
import os
import time
from pathlib import Path

import uvloop

from bench.profiles.write_batch import DATA, MASTER_KEY, Parts, prepare
from central_config.configurations.model.changes import SET
from central_config.configurations.service.changing import Changing
from central_config.configurations.service.edits import Wish
from central_config.core.migrations import migrate
from central_config.core.settings import Settings
from central_config.supervisor.postgres import PostgresServer

_BLOCK = 2_000  # as an import hands them on


class Probe:
    """Notes how late it is woken."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._late: list[float] = []
        self._began = time.perf_counter()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            self._late.append((time.perf_counter() - before - 0.001) * 1000)

    def tell(self) -> None:
        """Stop, and print what was noted."""
        self._task.cancel()
        took = time.perf_counter() - self._began
        late = sorted(self._late) or [took * 1000]
        worst = [f"{each:.1f}" for each in late[-5:]]
        print(
            f"{self._name:8} {took:6.2f} s; woken late by p50 {late[len(late) // 2]:.2f} ms, "
            f"p99 {late[int(len(late) * 0.99)]:.2f} ms, the worst {', '.join(worst)} ms "
            f"(load {os.getloadavg()[0]:.1f})",
            flush=True,
        )


async def _measure(settings: Settings, keys: int) -> None:
    await migrate(settings)
    async with Parts(settings) as parts:
        caller = await prepare(parts)
        changing = Changing(parts.snapshots, parts.proposals)
        wishes = [Wish("prod", f"app/many/key-{n:06}", SET, f"value {n}") for n in range(keys)]
        probe = Probe("idle")
        await asyncio.sleep(1)
        probe.tell()
        probe = Probe("draft")
        change = await changing.draft(caller, wishes[:_BLOCK], "", None)
        for start in range(_BLOCK, keys, _BLOCK):
            await changing.append(caller, change.id, wishes[start : start + _BLOCK])
        probe.tell()
        probe = Probe("publish")
        await parts.proposals.publish(caller, change.id)
        probe.tell()


def main() -> None:
    """Measure, and print a line for each part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    with PostgresServer(data_dir=options.data) as server:
        settings = Settings(database_url=server.url, master_key=MASTER_KEY, metrics_port=0)  # type: ignore[arg-type]
        uvloop.run(_measure(settings, options.keys))


if __name__ == "__main__":
    main()
