"""Watches: how long a change takes to each of n watchers, and what a watcher costs in memory."""

from bench import seed
from bench.loads.watchers import Orders, Report
from bench.loads.worker import Worker
from bench.options import Options
from bench.processes import BenchError
from bench.results import Sheet
from bench.servers.etcd import Etcd
from bench.servers.ours import API, Ours

_KEY = "service/switch"
_JSON = {"Content-Type": "application/json"}
_KINDS = {"ours": "ours", "grpc": "etcd gRPC", "json": "etcd JSON gateway"}
_PATIENCE = 240.0  # seconds for one crowd


def run(sheet: Sheet, options: Options) -> None:
    """Measure each number of watchers in alternating rounds."""
    # Two kinds of watchers of etcd follow each other in one process, so its memory is of both.
    with Ours() as ours, Etcd() as etcd:
        admin = ours.sign_in()
        seed.workspace(admin)
        seed.put(admin, _KEY, "")
        etcd.put(_KEY, "")
        read, write = seed.key(admin, "read"), {**seed.key(admin, "write"), **_JSON}
        # Freed memory stays with a process: every crowd is counted from before the first one.
        empty = {"ours": ours.api.memory, "grpc": etcd.memory, "json": etcd.memory}
        for watchers in options.watchers:
            for number in range(options.rounds):
                print(f" {watchers} watchers, round {number + 1} of {options.rounds}", flush=True)
                for kind, label in _KINDS.items():
                    mine = kind == "ours"
                    orders = Orders(
                        kind,
                        ours.api.port if mine else etcd.port,
                        ours.api.pid if mine else etcd.pid,
                        watchers,
                        options.repeats,
                        _watched(seed.revision(admin) + 1),
                        seed.PLACE,
                        _KEY,
                        read if mine else _JSON,
                        write if mine else _JSON,
                    )
                    try:
                        report = Worker("bench.loads.watchers", orders, Report).result(_PATIENCE)
                    except BenchError as problem:
                        said = str(problem).strip().splitlines()[-1]
                        sheet.note(f"{watchers:,} watchers, {label}: failed once ({said})")
                        continue
                    _add(sheet, kind, watchers, report)
                    each = (report.memory - empty[kind]) / watchers / 1000
                    said = f"{watchers:,} watchers, {label}, memory each"
                    sheet.add(f"{kind}_{watchers}_memory", said, "kB", each)


def _watched(revision: int) -> str:
    # The worker's first write makes this revision; from there on it hears everything.
    return f"{API}/watch/{seed.WORKSPACE}/{seed.ENVIRONMENT}?revision={revision}"


def _add(sheet: Sheet, kind: str, watchers: int, report: Report) -> None:
    name, label = f"{kind}_{watchers}", f"{watchers:,} watchers, {_KINDS[kind]}"
    sheet.add(f"{name}_p50", f"{label}, from sending, p50", "ms", report.sent_p50)
    sheet.add(f"{name}_p99", f"{label}, from sending, p99", "ms", report.sent_p99)
    sheet.add(f"{name}_ack_p99", f"{label}, from answer, p99", "ms", report.acknowledged_p99)
    sheet.add(f"{name}_write", f"{label}, the write itself", "ms", report.acknowledgement)
