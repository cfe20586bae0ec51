"""Redis or Valkey: the cache and the wake-up calls of the queue. Losing it loses no data."""

from typing import cast

from central_config.core.json import JSON
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.probes.looking import bytes_text, level
from central_config.playbooks.service.world import World

_BUSY, _FULL = 0.8, 0.95
Info = dict[str, str | int | float]


async def probe(world: World) -> list[Finding]:
    """Ask for everything it tells of itself."""
    if world.settings.redis_url is None:
        said = "REDIS_URL is not set: no warm starts, sign-in limits per replica, no worker"
        return [Finding("redis", Status.SKIPPED, said)]
    try:
        info = cast("Info", await world.redis("INFO", "everything"))
    except UnreachableError as error:
        return [Finding("redis.reachable", Status.BAD, str(error))]
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version", info.get("redis_version", "unknown")))
    return [
        Finding("redis.reachable", Status.OK, f"{name} {version} answers", {"version": version}),
        _role(info),
        _memory(info),
        await policy(world),
        _kept(info),
    ]


def _role(info: Info) -> Finding:
    role = str(info.get("role", "unknown"))
    status = Status.OK if role == "master" else Status.BAD
    said = "it takes writes" if role == "master" else f"it is a {role}: it takes no writes"
    return Finding("redis.role", status, said, {"role": role})


def _memory(info: Info) -> Finding:
    used, most = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    evicted = int(info.get("evicted_keys", 0))
    facts: dict[str, JSON] = {"used_bytes": used, "maxmemory": most, "evicted_keys": evicted}
    if not most:
        said = f"it uses {bytes_text(used)} and has no limit (maxmemory)"
        return Finding("redis.memory", Status.OK, said, facts)
    said = f"it uses {bytes_text(used)} of {bytes_text(most)}, {evicted} keys were evicted"
    return Finding("redis.memory", level(used / most, _BUSY, _FULL), said, facts)


async def policy(world: World) -> Finding:
    """Say whether it may throw away the queue when memory is short."""
    try:
        answer = await world.redis("CONFIG", "GET", "maxmemory-policy")
    except UnreachableError as error:
        said = f"its eviction policy cannot be read: {error}"
        return Finding("redis.policy", Status.UNKNOWN, said)
    found = str(cast("dict[str, str]", answer).get("maxmemory-policy", "unknown"))
    facts: dict[str, JSON] = {"policy": found}
    if found.startswith("allkeys"):
        said = f"{found}: when memory is short it drops the queue's messages; use volatile-lru"
        return Finding("redis.policy", Status.BAD, said, facts)
    return Finding("redis.policy", Status.OK, f"{found}: the queue's messages stay", facts)


def _kept(info: Info) -> Finding:
    on = str(info.get("aof_enabled", "0")) == "1"
    written = str(info.get("aof_last_write_status", "ok"))
    snapshot = str(info.get("rdb_last_bgsave_status", "ok"))
    facts: dict[str, JSON] = {"aof": on, "aof_last_write": written, "rdb_last_save": snapshot}
    if (on and written != "ok") or snapshot != "ok":
        said = "it cannot write its files: it refuses writes until the disk is well"
        return Finding("redis.files", Status.BAD, said, facts)
    if not on:
        said = (
            "it keeps no append-only file; jobs are rows of PostgreSQL and come back by themselves"
        )
        return Finding("redis.files", Status.OK, said, facts)
    return Finding("redis.files", Status.OK, "its append-only file is written", facts)
