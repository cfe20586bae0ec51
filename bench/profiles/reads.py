"""What a read costs in process: the way through the framework, and the data plane.

    python -m bench.profiles.reads [--profile]

Microseconds a read (best of seven runs), for one key, an environment of 101 keys, and one that has
not changed. With --profile the dearest functions of the data plane under cProfile.
"""

import argparse
import asyncio
import cProfile
import json
import pstats
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

from central_config.core.settings import Settings
from tests.support.api import ADMIN_PASSWORD
from tests.support.asgi import InProcess, ask, running, scope_of
from tests.support.servers import MASTER_KEY, Servers, cloned_database

KEYS = 100
RUNS = 7
READS = 2_000


async def _seed(api: InProcess) -> str:
    """Fill a workspace; return the token of a key that may read it."""
    await api.services.access.bootstrap()
    headers = {"content-type": "application/json"}

    async def call(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await ask(
            api.control, scope_of("POST", f"/api/v1{path}", headers), json.dumps(body).encode()
        )
        assert answer.status < 300, answer
        found: dict[str, Any] = json.loads(answer.body)
        return found

    signed_in = await call("/sessions", {"username": "admin", "password": ADMIN_PASSWORD})
    headers["authorization"] = f"Bearer {signed_in['token']}"
    await call("/workspaces", {"slug": "shop"})
    await call("/workspaces/shop/environments", {"slug": "prod"})
    edits = [
        {
            "environment": "prod",
            "key": f"app/group{number % 10}/setting-{number:04}",
            "action": "set",
            "value": {"n": number, "text": "x" * 90},
        }
        for number in range(KEYS)
    ]
    edits.append({"environment": "prod", "key": "app/db/host", "action": "set", "value": "y" * 80})
    await call("/workspaces/shop/changes", {"message": "m", "edits": edits, "action": "publish"})
    key = await call("/keys", {"name": "k", "workspace": "shop", "access": "read"})
    return str(key["token"])


async def _time(read: Callable[[], Awaitable[object]], times: int) -> float:
    best = float("inf")
    for _ in range(RUNS):
        began = time.perf_counter()
        for _ in range(times):
            await read()
        best = min(best, (time.perf_counter() - began) / times)
        await asyncio.sleep(0.3)  # what the caches look after in the background gets its turn
    return best * 1e6


async def _measure(settings: Settings, *, profile: bool) -> None:
    async with running(settings) as api:
        token = await _seed(api)
        whole = "/api/v1/config/shop/prod"
        given = {"host": "x", "user-agent": "bench", "authorization": f"Bearer {token}"}
        for name, path, more in (
            ("one key", f"{whole}/app/db/host", {}),
            ("environment", whole, {}),
            ("unchanged", whole, {"if-none-match": '"3"'}),
        ):
            scope = scope_of("GET", path, {**given, **more})

            async def quick(scope: dict[str, Any] = scope) -> object:
                return api.services.reads.find(scope)

            slow = await _time(lambda scope=scope: ask(api.control, dict(scope)), READS // 10)
            await quick()
            fast = await _time(quick, READS)
            print(f"{name:12} framework {slow:7.1f} us   data plane {fast:5.2f} us")
            if profile and name == "one key":
                recorder = cProfile.Profile()
                recorder.enable()
                for _ in range(20_000):
                    api.services.reads.find(scope)
                recorder.disable()
                pstats.Stats(recorder).sort_stats("tottime").print_stats(16)


def main() -> None:
    """Start servers, measure, stop them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    servers = Servers()
    servers.start()
    try:
        with cloned_database(servers.postgres.url) as url:
            settings = Settings(
                database_url=url,
                redis_url=servers.valkey.url,
                master_key=MASTER_KEY,
                metrics_port=0,
                rate_limit_per_key=100_000_000,
                log_level="ERROR",
            )
            uvloop.run(_measure(settings, profile=options.profile))
    finally:
        servers.stop()


if __name__ == "__main__":
    main()
