"""What it costs to count reads: the same reads with and without, in turn, within one run.

    .venv/bin/python -m bench.ai.counting [ROUNDS [SECONDS]]

First of two API processes, asked over HTTP in turn: answers a second, and CPU time of the process
for an answer, which other work on the machine disturbs less. Then of the data plane alone, in this
process, switched between short stretches: nothing else can be seen of so small a difference.

One key over and over is what the data plane answers from a ticket; a thousand keys in turn make it
look at a ticket, and fold its reads into the counts, at every few reads: the worst case.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bench import proc, seed
from bench.loads import h2load
from bench.loads.h2load import Load
from bench.place import clean, scratch
from bench.processes import BenchError
from bench.servers.ours import Ours, Replica
from bench.suites.reads import CONNECTIONS
from central_config.api.plane.exchange import Scope
from central_config.api.services import Services
from central_config.configurations.model.counts import ReadCounts
from central_config.configurations.service.reading import Reading
from central_config.core.settings import Settings

KEYS = 1_000
# Stretches of the inner measurement, and seconds each takes.
_STRETCHES, _STRETCH = 200, 0.05
_WAYS = ("not counted", "counted")


def main(rounds: int = 10, seconds: int = 1) -> None:
    """Measure and print the ratios; without rounds, only those of the data plane alone."""
    with Ours() as ours:
        admin = ours.sign_in()
        seed.workspace(admin)
        seed.values(admin)
        edits = [
            {"environment": seed.ENVIRONMENT, "key": f"many/{n}", "action": "set", "value": n}
            for n in range(KEYS)
        ]
        change = {"message": "keys to read", "edits": edits, "action": "publish"}
        admin.ok("POST", f"/api/v1/workspaces/{seed.WORKSPACE}/changes", change)
        reader = seed.key(admin, "read")
        counting = ours.add_replica({"AI_ENABLED": "true"})
        for name, load in (("one key", _one), (f"{KEYS} keys", _many)):
            contest = {
                way: (replica, load(replica, reader))
                for way, replica in zip(_WAYS, (ours.api, counting), strict=True)
            }
            if rounds:
                _over_http(name, contest, rounds, seconds)
        asyncio.run(_inside(ours, reader))


def _over_http(
    name: str, contest: Mapping[str, tuple[Replica, Load]], rounds: int, seconds: int
) -> None:
    rates: dict[str, list[float]] = {way: [] for way in contest}
    costs: dict[str, list[float]] = {way: [] for way in contest}
    for _, load in contest.values():
        h2load.run(load, CONNECTIONS, 1)  # warm
    for number in range(rounds):
        for way in _WAYS if number % 2 else reversed(_WAYS):
            replica, load = contest[way]
            before = proc.processor_seconds(replica.pid)
            outcome = h2load.run(load, CONNECTIONS, seconds)
            rates[way].append(outcome.rate)
            costs[way].append((proc.processor_seconds(replica.pid) - before) / outcome.done * 1e6)
    for what, unit, found in (("answers", "/s", rates), ("CPU", " us an answer", costs)):
        _say(f"{name}, over HTTP, {what}", unit, found)


async def _inside(ours: Ours, reader: Mapping[str, str]) -> None:
    """Time the data plane's own part of a read, with and without counting."""
    services = Services(
        Settings(**{name.lower(): value for name, value in ours.api.variables.items()})
    )
    reading: Reading = services.by_type[Reading]
    await services.start()
    try:
        place = await services.directory.resolve(seed.WORKSPACE)
        if place is None:
            raise BenchError(f"there is no workspace {seed.WORKSPACE}")
        await services.snapshots.get(place.id)
        token = reader["Authorization"].removeprefix("Bearer ")
        many = [f"{seed.PLACE}/many/{n}" for n in range(KEYS)]
        for name, paths in (("one key", [f"{seed.PLACE}/{seed.SINGLE}"]), (f"{KEYS} keys", many)):
            scopes = [_scope(path, reader) for path in paths]
            found: dict[str, list[float]] = {way: [] for way in _WAYS}
            for number in range(_STRETCHES):
                # What a request would have had looked up before the data plane sees the next.
                services.directory.forget(seed.WORKSPACE)
                await services.directory.resolve(seed.WORKSPACE)
                await services.access.authenticate(token, "127.0.0.1")
                for way in _WAYS if number % 2 else reversed(_WAYS):
                    services.reads.flush()
                    reading.counts = ReadCounts() if way == "counted" else None
                    found[way].append(_stretch(services.reads.find, scopes))
            _say(f"{name}, data plane alone, CPU", " us a read", found)
    finally:
        await services.stop()


def _stretch(find: Callable[[Scope], object], scopes: list[dict[str, Any]]) -> float:
    """Read for a while; return the microseconds of CPU time of one read."""
    began, until, done = time.process_time(), time.monotonic() + _STRETCH, 0
    while time.monotonic() < until:
        for scope in _hundred(scopes, done):
            if find(scope) is None:
                raise BenchError(f"{scope['path']} was not answered by the data plane")
        done += 100
    return (time.process_time() - began) / done * 1e6


def _hundred(scopes: list[dict[str, Any]], start: int) -> Iterator[dict[str, Any]]:
    return (scopes[(start + n) % len(scopes)] for n in range(100))


def _scope(path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    given = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": given,
    }


def _say(what: str, unit: str, found: Mapping[str, list[float]]) -> None:
    """Print the medians, and the ratio of each neighbouring pair."""
    without, counted = (found[way] for way in _WAYS)
    ratios = sorted(b / a for a, b in zip(without, counted, strict=True))
    quarter = len(ratios) // 4
    print(
        f"{what}: not counted {statistics.median(without):,.1f}{unit},"
        f" counted {statistics.median(counted):,.1f}{unit};"
        f" ratio: median {statistics.median(ratios):.4f},"
        f" half lie within {ratios[quarter]:.4f} to {ratios[-1 - quarter]:.4f}",
        flush=True,
    )


def _one(replica: Replica, reader: dict[str, str]) -> Load:
    return Load(replica.port, f"{seed.PLACE}/{seed.SINGLE}", reader)


def _many(replica: Replica, reader: dict[str, str]) -> Load:
    paths = scratch(f"paths-{replica.port}.txt")
    lines = [f"http://127.0.0.1:{replica.port}{seed.PLACE}/many/{n}\n" for n in range(KEYS)]
    paths.write_text("".join(lines))
    return Load(replica.port, "many keys", reader, paths=paths)


if __name__ == "__main__":
    try:
        main(*(int(each) for each in sys.argv[1:3]))
    finally:
        clean()
