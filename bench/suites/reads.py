"""Reads: one key beside etcd, an environment beside Unleash, both beside a static file."""

from collections.abc import Callable, Mapping

import msgspec

from bench import seed
from bench.client import Http
from bench.loads import h2load
from bench.loads.h2load import Load
from bench.options import Options
from bench.place import scratch
from bench.results import Contestant, Sheet, alternate
from bench.servers import etcd as protocol
from bench.servers.etcd import Etcd
from bench.servers.nginx import Nginx
from bench.servers.ours import Ours
from bench.servers.unleash import FEATURES, Unleash

CONNECTIONS = 32
KEY_RATE, ALL_RATE = "answers/s", "answers/s"


def run(sheet: Sheet, options: Options) -> None:
    """Start everything and measure in alternating rounds."""
    with Ours() as ours:
        admin = ours.sign_in()
        seed.workspace(admin)
        seed.values(admin)
        reader = seed.key(admin, "read")
        client = Http(ours.api.port, reader)
        _, single, _ = client.raw("GET", f"{seed.PLACE}/{seed.SINGLE}")
        _, whole, headers = client.raw("GET", seed.PLACE)
        tag = headers["ETag"]
        files = {"single": single, "whole": whole}
        with Etcd() as etcd, Unleash(ours.postgres) as unleash, Nginx(files) as nginx:
            flags = unleash.fill(len(whole))
            sheet.note(
                f"answers: one key {len(single)} bytes, environment {len(whole)} bytes,"
                f" Unleash's features {flags} bytes"
            )
            ours_single = Load(ours.api.port, f"{seed.PLACE}/{seed.SINGLE}", reader)
            ours_whole = Load(ours.api.port, seed.PLACE, reader)
            ours_same = Load(ours.api.port, seed.PLACE, {**reader, "If-None-Match": tag})
            theirs = Load(unleash.port, FEATURES, unleash.headers)
            same = Load(unleash.port, FEATURES, {**unleash.headers, "If-None-Match": _tag(unleash)})
            grpc, gateway = _etcd_loads(etcd, single)
            measure = _Measure(options.seconds)
            rates: dict[str, Contestant] = {
                "single": measure("one key, ours", ours_single),
                "single_grpc": measure("one key, etcd gRPC", grpc),
                "single_grpc_multiplexed": measure(
                    "one key, etcd gRPC, 32 streams of one connection", grpc, 1, CONNECTIONS
                ),
                "single_json": measure("one key, etcd JSON gateway", gateway),
                "single_nginx": measure("the same bytes, nginx", Load(nginx.port, "/single")),
                "whole": measure("environment, ours", ours_whole),
                "whole_unleash": measure("features, Unleash", theirs),
                "whole_nginx": measure("the same bytes, nginx", Load(nginx.port, "/whole")),
                "same": measure("environment unchanged (304), ours", ours_same),
                "same_unleash": measure("features unchanged (304), Unleash", same),
                "alone": measure("one key, ours, 1 connection", ours_single, 1),
                "alone_grpc": measure("one key, etcd gRPC, 1 connection", grpc, 1),
                "alone_json": measure("one key, etcd JSON, 1 connection", gateway, 1),
                "alone_nginx": measure(
                    "the same bytes, nginx, 1 connection", Load(nginx.port, "/single"), 1
                ),
            }
            for load in (ours_single, grpc, gateway, theirs, ours_whole):
                h2load.run(load, CONNECTIONS, 1)  # warm
            _check_304(ours_same, same)
            alternate(sheet, rates)
            sheet.add("memory", "API process, resident", "MB", ours.api.memory / 1e6)
            sheet.add("memory_etcd", "etcd, resident", "MB", etcd.memory / 1e6)
            sheet.add("memory_unleash", "Unleash, resident", "MB", unleash.memory / 1e6)


class _Measure:
    """Makes contestants that are driven by h2load for some seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(
        self, label: str, load: Load, connections: int = CONNECTIONS, streams: int = 1
    ) -> Contestant:
        run: Callable[[], float] = lambda: (  # noqa: E731
            h2load.run(load, connections, self._seconds, streams).rate
        )
        return Contestant(label, "answers/s", run)


def _etcd_loads(etcd: Etcd, single: bytes) -> tuple[Load, Load]:
    """Return etcd's read of a key by gRPC and by JSON; its value is what makes an answer alike."""
    key = seed.SINGLE
    etcd.put(key, "x" * (len(single) - 40))
    message = scratch("range.bin")
    message.write_bytes(protocol.frame(protocol.range_request(key)))
    question = scratch("range.json")
    question.write_bytes(msgspec.json.encode({"key": protocol.b64(key)}))
    headers: Mapping[str, str] = {"content-type": "application/json"}
    return (
        Load(etcd.port, protocol.RANGE, protocol.GRPC_HEADERS, message, http1=False),
        Load(etcd.port, "/v3/kv/range", headers, question),
    )


def _tag(unleash: Unleash) -> str:
    return Http(unleash.port, unleash.headers).raw("GET", FEATURES)[2]["ETag"]


def _check_304(*loads: Load) -> None:
    for load in loads:
        outcome = h2load.run(load, 1, 1)
        if not outcome.unchanged:
            message = f"{load.path} does not answer 304"
            raise RuntimeError(message)
