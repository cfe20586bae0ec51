"""How well the cache in Redis serves, by Redis' own count."""

from typing import Any

from central_config.core.json import JSON
from central_config.operations.model.reports import Section, Status
from central_config.operations.model.texts import size_text
from central_config.operations.service.upkeep.ground import Ground
from central_config.operations.store import redis

NAME = "cache"
# Of its memory bound; beyond it Redis begins to drop what should have lived, or refuses writes.
_NEARLY_FULL = 0.9
_COUNTED = ("keyspace_hits", "keyspace_misses", "evicted_keys", "expired_keys", "used_memory")


async def look(ground: Ground) -> Section:
    """Ask Redis for its statistics. They are read, and never reset."""
    if ground.settings.redis_url is None:
        return Section(NAME, Status.SKIPPED, "no Redis is set: nothing is cached outside of memory")
    try:
        told = await redis.info(ground.settings.redis_url.get_secret_value())
    except redis.RedisAwayError as error:
        words = f"not available: Redis does not answer ({error})"
        return Section(
            NAME, Status.UNKNOWN, words, {}, ["ccfg maintenance run daily, once it does"]
        )
    return _section({name: int(told.get(name, 0)) for name in (*_COUNTED, "maxmemory")}, told)


def _section(counted: dict[str, int], told: dict[str, Any]) -> Section:
    hits, misses = counted["keyspace_hits"], counted["keyspace_misses"]
    asked = hits + misses
    facts: dict[str, JSON] = {**counted, "maxmemory_policy": str(told.get("maxmemory_policy"))}
    facts["hit_ratio"] = hits / asked if asked else None
    # Queue and throttle ask for keys that are often not there, so the share by itself is no fault.
    words = f"{hits} hits, {misses} misses" + (f" ({hits / asked:.0%} hits)" if asked else "")
    words += f", {size_text(counted['used_memory'])} used, {counted['evicted_keys']} evicted"
    full = counted["maxmemory"] and counted["used_memory"] > _NEARLY_FULL * counted["maxmemory"]
    if full or counted["evicted_keys"]:
        advice = ["give Redis more memory, or CACHE_DEFAULT_TIMEOUT a shorter life"]
        return Section(NAME, Status.WARNING, words, facts, advice)
    return Section(NAME, Status.OK, words, facts)
