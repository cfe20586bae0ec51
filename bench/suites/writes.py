"""Durable writes: ours with compare-and-set, schema rule and audit, beside etcd's plain put."""

from collections.abc import Callable
from pathlib import Path

from bench import database, seed
from bench.client import Http
from bench.loads import h2load, writer
from bench.loads.h2load import Load
from bench.loads.worker import Worker
from bench.options import Options
from bench.place import scratch
from bench.processes import BenchError
from bench.results import Contestant, Sheet, alternate
from bench.servers import etcd as protocol
from bench.servers.etcd import Etcd
from bench.servers.ours import Ours

CLIENTS = 64
GRACE = 60.0  # seconds a generator may take beyond its time
_VALUE = b'{"count":"0000000000","text":"%b"}' % (b"x" * 100)
_KEY = f"{seed.WRITTEN}/c"


def run(sheet: Sheet, options: Options) -> None:
    """Start both and measure in alternating rounds; then count what was kept."""
    with Ours() as ours, Etcd() as etcd:
        admin = ours.sign_in()
        seed.workspace(admin)
        seed.rule(admin)
        writers = Writers(ours.api.port, admin, options.seconds)
        theirs = _Theirs(etcd, options.seconds)
        rates: dict[str, Contestant] = {}
        for clients in (CLIENTS, 1):
            end = "" if clients == CLIENTS else "_alone"
            said = f"{clients} client{'s' if clients > 1 else ''}"
            found: dict[str, tuple[str, Callable[[int], float]]] = {
                "ours": ("ours, compare-and-set", writers.rate),
                "grpc": ("etcd gRPC put", theirs.put),
                "txn": ("etcd gRPC transaction with compare", theirs.txn),
                "json": ("etcd JSON put, the client of ours", theirs.json),
            }
            for name, (label, measure) in found.items():
                rates[name + end] = Contestant(
                    f"{label}, {said}", "writes/s", lambda m=measure, c=clients: m(c)
                )
        writers.rate(CLIENTS)
        theirs.put(CLIENTS)
        alternate(sheet, rates)
        for clients in (CLIENTS, 1):
            label = f"ours, {clients} client(s), the last round"
            report = writers.last[clients]
            sheet.add(f"p50_{clients}", f"{label}, median latency", "ms", report.p50)
            sheet.add(f"p99_{clients}", f"{label}, p99 latency", "ms", report.p99)
            sheet.add(f"cpu_{clients}", f"{label}, generator", "cores", report.processor)
        _count(sheet, admin, ours, writers)


class Writers:
    """Writers of ours: each run continues from the revision the last one left."""

    def __init__(self, port: int, admin: Http, seconds: float) -> None:
        self._port = port
        self._admin = admin
        self._seconds = seconds
        self._headers = {**seed.key(admin, "write"), "Content-Type": "application/json"}
        self.first = seed.revision(admin)
        self.acknowledged = 0
        self.last: dict[int, writer.Report] = {}

    def begin(
        self,
        clients: int,
        seconds: float,
        rate: float = 0,
        port: int | None = None,
        key: str = _KEY,
    ) -> Worker[writer.Report]:
        """Start writers."""
        revision = seed.revision(self._admin)
        orders = writer.Orders(
            "ours",
            port or self._port,
            clients,
            seconds,
            seed.PLACE,
            self._headers,
            key,
            revision,
            rate,
        )
        return Worker("bench.loads.writer", orders, writer.Report)

    def rate(self, clients: int) -> float:
        """Write as fast as answers come; return the writes a second."""
        report = self.end(self.begin(clients, self._seconds), self._seconds)
        self.last[clients] = report
        return report.rate

    def end(self, worker: Worker[writer.Report], seconds: float) -> writer.Report:
        """Wait for writers.

        Raises:
            BenchError: a write was refused.
        """
        report = worker.result(seconds + GRACE)
        self.acknowledged += report.acknowledged
        if report.refused:
            raise BenchError(f"{report.refused} writes were refused: {report.first_refusal}")
        return report


class _Theirs:
    """Writers of etcd."""

    def __init__(self, etcd: Etcd, seconds: float) -> None:
        self._etcd = etcd
        self._seconds = seconds
        self._put = scratch("put.bin")
        self._put.write_bytes(protocol.frame(protocol.put_request(_KEY, _VALUE)))
        self._txn = scratch("txn.bin")
        self._txn.write_bytes(protocol.frame(protocol.txn_request(_KEY, _VALUE)))

    def put(self, clients: int) -> float:
        """Put by gRPC; all clients write one key, which costs etcd the same."""
        return self._grpc(protocol.PUT, self._put, clients)

    def txn(self, clients: int) -> float:
        """Put in a transaction whose comparison holds."""
        return self._grpc(protocol.TXN, self._txn, clients)

    def json(self, clients: int) -> float:
        """Put by the JSON gateway with the same generator as ours."""
        headers = {"Content-Type": "application/json"}
        orders = writer.Orders(
            "etcd", self._etcd.port, clients, self._seconds, "/v3/kv/put", headers, _KEY
        )
        before = self._etcd.revision()
        report = Worker("bench.loads.writer", orders, writer.Report).result(self._seconds + GRACE)
        self._check(report.acknowledged, self._etcd.revision() - before)
        return report.rate

    def _grpc(self, path: str, message: Path, clients: int) -> float:
        load = Load(self._etcd.port, path, protocol.GRPC_HEADERS, message, http1=False)
        before = self._etcd.revision()
        outcome = h2load.run(load, clients, self._seconds)
        # Requests cut at the end of the run may have been carried out, unanswered.
        self._check(outcome.done, self._etcd.revision() - before)
        return outcome.rate

    def _check(self, acknowledged: int, kept: int) -> None:
        if kept < acknowledged:
            raise BenchError(f"etcd acknowledged {acknowledged} writes and kept {kept}")


def _count(sheet: Sheet, admin: Http, ours: Ours, writers: Writers) -> None:
    """Compare what was acknowledged with revisions, versions and audit entries in PostgreSQL."""
    made = seed.revision(admin) - writers.first
    row = database.fetch(
        ours.postgres.url,
        "SELECT (SELECT count(*) FROM cc_version) AS versions,"
        " (SELECT count(*) FROM cc_revision WHERE kind = 'change') AS revisions,"
        " (SELECT count(*) FROM cc_audit_log) AS entries",
    )[0]
    kept = min(made, row["versions"], row["revisions"], row["entries"])
    if kept < writers.acknowledged:
        raise BenchError(f"{writers.acknowledged} writes were acknowledged and {kept} kept")
    sheet.note(
        f"every one of {writers.acknowledged:,} acknowledged writes is kept:"
        f" {made:,} revisions, {row['versions']:,} versions, {row['entries']:,} audit entries"
    )
