"""The Python client: a read in process, and how soon it shows a change."""

import importlib
import statistics
import sys
import time
import timeit
from collections.abc import Callable
from typing import Any

from bench import seed
from bench.client import Http
from bench.options import Options
from bench.place import HERE
from bench.processes import BenchError
from bench.results import Contestant, Sheet, alternate
from bench.servers.ours import Ours

_SOURCES = HERE.parent / "sdk" / "python" / "src"
_READS = 200_000
_SHOWN_WITHIN = 10.0  # seconds


def run(sheet: Sheet, options: Options) -> None:
    """Read by the client beside a plain dictionary, then change and wait."""
    library = _library()
    with Ours() as ours:
        admin = ours.sign_in()
        seed.workspace(admin)
        seed.values(admin)
        seed.put(admin, "service/port", 5432)
        token = seed.key(admin, "read")["Authorization"].removeprefix("Bearer ")
        url = f"http://127.0.0.1:{ours.api.port}"
        with library.Config(seed.WORKSPACE, seed.ENVIRONMENT, url=url, api_key=token) as config:
            plain = {seed.SINGLE: config[seed.SINGLE]}
            reads: dict[str, tuple[str, Callable[[], Any]]] = {
                "plain": ("a plain dictionary, for comparison", lambda: plain[seed.SINGLE]),
                "read": ("config[key]", lambda: config[seed.SINGLE]),
                "get": ("config.get(key)", lambda: config.get(seed.SINGLE)),
                "typed": ("config.get_int(key)", lambda: config.get_int("service/port")),
            }
            contestants = {
                name: Contestant(label, "us", lambda f=read: _microseconds(f))
                for name, (label, read) in reads.items()
            }
            alternate(sheet, contestants)
            for _ in range(options.rounds):
                shown = statistics.median(
                    _shown(config, admin, f"value {number}") for number in range(options.repeats)
                )
                sheet.add("shown", "from sending a write until config[key] shows it", "ms", shown)
    sheet.note("the reads include the call of the function that times them (the plain one too)")


def _library() -> Any:
    """Return the client: as installed, else from its sources.

    Raises:
        BenchError: it is not there.
    """
    if str(_SOURCES) not in sys.path:
        sys.path.append(str(_SOURCES))
    try:
        return importlib.import_module("central_config_client")
    except ImportError as problem:
        raise BenchError(f"the Python client cannot be imported: {problem}") from problem


def _microseconds(read: Callable[[], Any]) -> float:
    return timeit.timeit(read, number=_READS) / _READS * 1e6


def _shown(config: Any, admin: Http, value: str) -> float:
    start = time.perf_counter()
    value = f"{value} {start}"
    seed.put(admin, "service/shown", value)
    while config.get("service/shown") != value:
        if time.perf_counter() - start > _SHOWN_WITHIN:
            raise BenchError(f"the client did not show a change within {_SHOWN_WITHIN:g} s")
        time.sleep(0.0002)
    return (time.perf_counter() - start) * 1000
