"""`python -m bench.ai.reads_beside_hang`: do reads notice that the AI engine hangs?

One API, one engine that begins its answers and never ends them. Rounds of reads take turns: nobody
asks the AI anything; eight people ask it, and all of them hang. The 95th percentiles of both are
printed, with the ratio of each round: those of neighbours, for the machine is shared.
"""

import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.client import Http
from bench.place import clean
from bench.processes import BenchError
from bench.servers.ours import API, Ours
from tests.support.ollama import Canned, Fault, Ollama, least, serving

MODEL = "tiny:1b"
ROUNDS, SECONDS, ASKING = 6, 8.0, 8
PAUSE = 0.001  # seconds between reads: the API is not to be full


def main() -> int:
    """Measure and print."""
    try:
        with serving({MODEL: Canned(least)}) as ollama, Ours("reads-beside-hang") as ours:
            variables = {"AI_ENABLED": "true", "OLLAMA_BASE_URL": ollama.url, "AI_MODEL": MODEL}
            port = ours.add_replica(variables).port
            _measure(ollama, ours, port)
    except BenchError as problem:
        print(f"not measured: {problem}", file=sys.stderr)
        return 1
    finally:
        clean()
    return 0


def _measure(ollama: Ollama, ours: Ours, port: int) -> None:
    headers = ours.sign_in().headers
    client = Http(port, headers)
    client.ok("POST", f"{API}/workspaces", {"slug": "bank"})
    client.ok("POST", f"{API}/workspaces/bank/environments", {"slug": "prod"})
    path = f"{API}/config/bank/prod/app/timeout"
    client.ok("PUT", path, {"value": 30}, {"If-None-Match": "*"})
    _reads(client, path)  # warm
    ratios: list[float] = []
    for number in range(ROUNDS):
        _ask(port, headers, f"calm{number}")  # an answer: the engine counts as working
        quiet = _p95(_reads(client, path))
        with _hanging(ollama, port, headers, number):
            beside = _p95(_reads(client, path))
        ratios.append(beside / quiet)
        print(f"p95 of reads: {quiet * 1e3:.2f} ms; while it hangs: {beside * 1e3:.2f} ms")
    print(f"median ratio of {ROUNDS} rounds: {statistics.median(ratios):.2f}")


def _reads(client: Http, path: str) -> list[float]:
    taken: list[float] = []
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        began = time.perf_counter()
        client.ok("GET", path)
        taken.append(time.perf_counter() - began)
        time.sleep(PAUSE)
    return taken


def _p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


@contextmanager
def _hanging(ollama: Ollama, port: int, headers: dict[str, str], number: int) -> Iterator[None]:
    """Have people ask an engine that hangs until the block ends."""
    ollama.fault = Fault.HANG_MIDWAY
    known = len(ollama.chats())
    words = [f"hang{number}x{each}" for each in range(ASKING)]
    people = [threading.Thread(target=_ask, args=(port, headers, word)) for word in words]
    for each in people:
        each.start()
    until = time.monotonic() + SECONDS
    while len(ollama.chats()) == known:
        if time.monotonic() > until:
            raise BenchError("nobody's question reached the engine")
        time.sleep(0.05)
    yield
    ollama.fault = Fault.NONE
    for each in people:
        each.join()


def _ask(port: int, headers: dict[str, str], word: str) -> None:
    question = {"question": f"which zorgles quux the {word}?"}
    Http(port, headers).ok("POST", f"{API}/workspaces/bank/ask", question)


if __name__ == "__main__":
    sys.exit(main())
