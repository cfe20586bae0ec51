"""Whether readers notice writers: read latency alone, under 1,000 writes/s, during an import."""

import threading

import msgspec

from bench import seed
from bench.client import Http
from bench.loads import reader
from bench.loads.worker import Worker
from bench.options import Options
from bench.processes import BenchError
from bench.results import Sheet
from bench.servers.ours import API, Ours
from bench.suites.writes import Writers

RATE, WRITES = 2_000.0, 1_000.0
_CONNECTIONS, _WRITERS = 32, 64
_GRACE, _LONGEST_IMPORT = 90.0, 240.0  # seconds


def run(sheet: Sheet, options: Options) -> None:
    """Measure the three in alternating rounds, at a modest rate and at half of saturation."""
    with Ours() as ours:
        admin = ours.sign_in()
        seed.workspace(admin)
        seed.values(admin)
        seed.rule(admin)
        readers = _Readers(ours.api.port, seed.key(admin, "read"))
        readers.measure(0, 1.0)
        full = readers.measure(0, options.seconds).rate
        sheet.add("saturation", "reads as fast as this client can", "answers/s", full)
        writers = Writers(ours.api.port, admin, options.seconds)
        imports = _Imports(ours, options.imported)
        for number in range(options.rounds):
            print(f" round {number + 1} of {options.rounds}", flush=True)
            for name, rate in (("modest", min(RATE, full / 2)), ("half", full / 2)):
                said = f"{rate:,.0f} reads/s" if name == "modest" else "half of saturation"
                alone = readers.measure(rate, options.seconds)
                _add(sheet, f"{name}_alone", f"{said}, alone", alone)
                busy, written = _while_writing(readers, writers, rate, options.seconds)
                _add(sheet, f"{name}_writes", f"{said}, while writing", busy)
                sheet.add(f"{name}_written", f"{said}, writes meanwhile", "writes/s", written)
                during = imports.run(readers, rate)
                _add(sheet, f"{name}_import", f"{said}, during an import", during)
        sheet.note(f"an import has {options.imported:,} keys: kept as a draft, then published")


class _Readers:
    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._port = port
        self._headers = headers

    def begin(self, rate: float, seconds: float) -> Worker[reader.Report]:
        path = f"{seed.PLACE}/{seed.SINGLE}"
        orders = reader.Orders(self._port, _CONNECTIONS, rate, seconds, path, self._headers)
        return Worker("bench.loads.reader", orders, reader.Report)

    def measure(self, rate: float, seconds: float) -> reader.Report:
        return finished(self.begin(rate, seconds), seconds)


def finished(worker: Worker[reader.Report], seconds: float) -> reader.Report:
    """Wait for readers.

    Raises:
        BenchError: a read was refused.
    """
    report = worker.result(seconds + _GRACE)
    if report.refused:
        raise BenchError(f"{report.refused} reads were refused")
    return report


def _while_writing(
    readers: _Readers, writers: Writers, rate: float, seconds: float
) -> tuple[reader.Report, float]:
    # The writers begin first and end last.
    writing = writers.begin(_WRITERS, seconds + 1, WRITES)
    try:
        report = readers.measure(rate, seconds)
        return report, writers.end(writing, seconds).rate
    finally:
        writing.stop()


class _Imports:
    """Imports into a workspace of its own on the same process, published at once."""

    def __init__(self, ours: Ours, count: int) -> None:
        self._ours = ours
        self._count = count
        self._number = 0

    def run(self, readers: _Readers, rate: float) -> reader.Report:
        """Import and publish while others read; their report is of just that time."""
        admin = self._ours.sign_in()
        self._number += 1
        slug = f"import{self._number}"
        seed.workspace(admin, slug)
        body = msgspec.json.encode({f"k{i:06d}": f"value {i}" for i in range(self._count)})
        problems: list[Exception] = []

        def work() -> None:
            try:
                _import(admin, slug, body)
            except Exception as problem:  # noqa: BLE001 - told by the caller's thread
                problems.append(problem)

        importing = threading.Thread(target=work, daemon=True)
        reading = readers.begin(rate, _LONGEST_IMPORT)
        try:
            importing.start()
            importing.join(_LONGEST_IMPORT)
            reading.ask_to_end()
            report = finished(reading, _GRACE)
        finally:
            reading.stop()
        if problems or importing.is_alive():
            raise BenchError(f"the import failed: {problems or 'it took too long'}")
        return report


def _import(admin: Http, slug: str, body: bytes) -> None:
    path = f"{API}/workspaces/{slug}/environments/{seed.ENVIRONMENT}/import?format=json"
    status, answer, _ = admin.raw("POST", path, body, {"Content-Type": "text/plain"})
    if status != 201:
        raise BenchError(f"import: {status} {answer[:300]!r}")
    change = msgspec.json.decode(answer)["change"]["id"]
    admin.ok("POST", f"{API}/workspaces/{slug}/changes/{change}/publish", {})


def _add(sheet: Sheet, name: str, label: str, report: reader.Report) -> None:
    sheet.add(f"{name}_p50", f"{label}, p50", "ms", report.p50)
    sheet.add(f"{name}_p99", f"{label}, p99", "ms", report.p99)
    sheet.add(f"{name}_longest", f"{label}, longest", "ms", report.longest)
