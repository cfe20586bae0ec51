"""Curves: keys of a workspace, depth of its history, replicas."""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench import bulk, seed
from bench.client import Http
from bench.loads import h2load, watchers
from bench.loads.h2load import Load
from bench.loads.worker import Worker
from bench.options import Options
from bench.results import Sheet
from bench.servers.ours import API, Ours
from bench.suites.writes import CLIENTS, Writers

_KEY = "area0000/item/0000007"
_PATIENCE = 120.0  # seconds


def run(sheet: Sheet, options: Options) -> None:
    """Measure the three curves."""
    for count in options.keys:
        with Ours("scale") as ours:
            _Keys(sheet, options, ours, count).run()
    with Ours("scale") as ours:
        for depth in options.history:
            _history(sheet, options, ours, depth)
    with Ours("scale", max(options.replicas)) as ours:
        _replicas(sheet, options, ours)
    sheet.note(
        "keys and revisions were put into the tables by SQL as published changes leave them,"
        " not through the API"
    )


class _Keys:
    """One size of a workspace, in a database and a process of its own."""

    def __init__(self, sheet: Sheet, options: Options, ours: Ours, count: int) -> None:
        self._sheet = sheet
        self._options = options
        self._ours = ours
        self._count = count

    def _add(self, name: str, label: str, unit: str, value: float) -> None:
        self._sheet.add(f"keys_{self._count}_{name}", f"{self._count:,} keys, {label}", unit, value)

    def run(self) -> None:
        """Fill, start anew, and look."""
        ours, admin = self._ours, self._ours.sign_in()
        seed.workspace(admin)
        read, write = seed.key(admin, "read"), seed.key(admin, "write")
        ours.api.stop()
        bulk.keys(ours, seed.WORKSPACE, self._count)
        self._add("start", "cold start until ready", "s", ours.restart())
        before = ours.api.memory
        client, writer = Http(ours.api.port, read), Http(ours.api.port, write)
        one = f"{seed.PLACE}/{_KEY}"
        self._add("load", "first read (loads the workspace)", "s", timed(lambda: _get(client, one)))
        after = ours.api.memory
        self._add("memory", "memory", "MB", after / 1e6)
        self._add("memory_each", "memory for each", "bytes", (after - before) / self._count)
        read_ms = median_of(200, lambda: _get(client, one))
        self._add("read", "read of one, 1 connection", "ms", read_ms)
        whole = median_of(3, lambda: _get(client, seed.PLACE)) / 1000
        self._add("whole", "read of all", "s", whole)
        numbers = iter(range(1_000_000))
        put: Callable[[], Any] = lambda: seed.put(  # noqa: E731
            writer, _KEY, f"changed {next(numbers)}"
        )
        put()
        self._add("publish", "publish of one", "ms", median_of(self._options.repeats, put))
        seed.put(writer, "area0000/new", "first")
        create = median_of(
            self._options.repeats, lambda: seed.put(writer, f"area0000/new{next(numbers)}", "new")
        )
        self._add("create", "publish of a new one", "ms", create)
        again = median_of(
            self._options.repeats, lambda: (put(), _get(client, f"{seed.PLACE}?prefix=area0000/"))
        )
        self._add("prefix", "publish of one, then a prefix read of 1,000", "ms", again)
        self._add("memory_end", "memory in the end", "MB", ours.api.memory / 1e6)


def _history(sheet: Sheet, options: Options, ours: Ours, depth: int) -> None:
    slug = f"history{depth}"
    place = f"{API}/config/{slug}/{seed.ENVIRONMENT}"
    admin = ours.sign_in()
    seed.workspace(admin, slug)
    start = seed.put(admin, "deep", "first", slug)
    ours.api.stop()
    bulk.history(ours, slug, "deep", depth)
    ours.restart()
    client = ours.sign_in()
    past = start + depth // 2
    page = f"{API}/workspaces/{slug}/environments/{seed.ENVIRONMENT}/history/deep"
    numbers = iter(range(1_000_000))
    _get(client, f"{place}/deep")
    found: dict[str, tuple[str, Callable[[], Any]]] = {
        "read": ("read", lambda: _get(client, f"{place}/deep")),
        "at": ("read of the middle (at=)", lambda: _get(client, f"{place}/deep?at={past}")),
        "page": ("newest page of its history", lambda: _get(client, page)),
        "write": ("write", lambda: seed.put(client, "deep", f"new {next(numbers)}", slug)),
    }
    for name, (label, run) in found.items():
        said = f"{depth:,} revisions, {label}"
        sheet.add(f"history_{depth}_{name}", said, "ms", median_of(options.repeats, run))


def _replicas(sheet: Sheet, options: Options, ours: Ours) -> None:
    """All replicas run all the time; 1 to n of them are asked."""
    admin = ours.sign_in()
    seed.workspace(admin)
    seed.values(admin)
    seed.rule(admin)
    read, write = seed.key(admin, "read"), seed.key(admin, "write")
    writers = Writers(ours.api.port, admin, options.seconds)
    for replica in ours.replicas:
        _get(Http(replica.port, read), seed.PLACE)
    for number in range(options.rounds):
        print(f" round {number + 1} of {options.rounds}", flush=True)
        for count in options.replicas:
            ports = [replica.port for replica in ours.replicas[:count]]
            label = f"{count} replica{'s' if count > 1 else ''}"
            loads = [Load(port, f"{seed.PLACE}/{seed.SINGLE}", read) for port in ports]
            with ThreadPoolExecutor(count) as pool:
                found = [pool.submit(h2load.run, load, 32, options.seconds) for load in loads]
                rate = sum(each.result().rate for each in found)
            sheet.add(f"replicas_{count}_reads", f"{label}, reads", "answers/s", rate)
            running = [
                writers.begin(CLIENTS // count, options.seconds, port=port, key=f"write/{port}/c")
                for port in ports
            ]
            total = sum(writers.end(each, options.seconds).rate for each in running)
            sheet.add(f"replicas_{count}_writes", f"{label}, 64 writers", "writes/s", total)
            report = _heard_elsewhere(ours, options, count, read, write)
            said = f"{label}, write at the first, heard at the last"
            sheet.add(f"replicas_{count}_heard", f"{said}, p50", "ms", report.sent_p50)
            sheet.add(f"replicas_{count}_heard_p99", f"{said}, p99", "ms", report.sent_p99)


def _heard_elsewhere(
    ours: Ours, options: Options, count: int, read: dict[str, str], write: dict[str, str]
) -> watchers.Report:
    last = ours.replicas[count - 1]
    path = f"{API}/watch/{seed.WORKSPACE}/{seed.ENVIRONMENT}?prefix=heard"
    orders = watchers.Orders(
        "ours",
        last.port,
        last.pid,
        1,
        options.repeats,
        path,
        seed.PLACE,
        "heard",
        read,
        {**write, "Content-Type": "application/json"},
        ours.api.port,
    )
    return Worker("bench.loads.watchers", orders, watchers.Report).result(_PATIENCE)


def _get(client: Http, path: str) -> bytes:
    status, body, _ = client.raw("GET", path)
    if status != 200:
        message = f"GET {path}: {status} {body[:200]!r}"
        raise RuntimeError(message)
    return body


def timed(run: Callable[[], Any]) -> float:
    """Return the seconds a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def median_of(times: int, run: Callable[[], Any]) -> float:
    """Return the median of several calls (milliseconds)."""
    return statistics.median(timed(run) for _ in range(times)) * 1000
