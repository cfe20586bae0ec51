"""How quickly the API answers now, and whether the cache is of use."""

import asyncio
import time

from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.probes.looking import Probe, level
from central_config.playbooks.service.world import World

SPEED, HITS = "api.speed", "cache.hits"
# Requests that are measured; each makes the API ask PostgreSQL.
REQUESTS = 20
SLOW, TOO_SLOW = 0.5, 1.0  # seconds
# Fewer lookups than this say nothing about a share.
ENOUGH = 1000
POOR = 0.5


async def probe(world: World) -> list[Finding]:
    """Measure: on an idle system the metrics have nothing to tell."""
    took: list[float] = []
    try:
        for _ in range(REQUESTS):
            began = time.perf_counter()
            await world.http(world.api_url("/health/ready"))
            took.append(time.perf_counter() - began)
            if sum(took) > world.patience:
                break
            await asyncio.sleep(0)
    except UnreachableError as error:
        return [Finding(SPEED, Status.BAD, f"the API does not answer: {error}")]
    ordered = sorted(took)
    half = ordered[len(ordered) // 2]
    high = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    # By the half: of so few requests a single one that had bad luck is the 95th of 100.
    status = level(half, SLOW, TOO_SLOW)
    if status is Status.OK and high >= TOO_SLOW:
        status = Status.WARNING
    said = f"{half * 1000:.0f} ms (half of {len(took)} requests), {high * 1000:.0f} ms (95 in 100)"
    facts = {"median_seconds": round(half, 4), "p95_seconds": round(high, 4)}
    return [Finding(SPEED, status, said, facts)]


PROBE = Probe("api.speed", probe)


async def hits(world: World) -> list[Finding]:
    """Ask Redis how often it had what was asked for."""
    info = await world.redis("INFO", "stats")
    found, missed = int(info.get("keyspace_hits", 0)), int(info.get("keyspace_misses", 0))
    evicted = int(info.get("evicted_keys", 0))
    facts = {"hits": found, "misses": missed, "evicted": evicted}
    if found + missed < ENOUGH:
        said = f"{found + missed} lookups since its start: too few to judge by"
        return [Finding(HITS, Status.SKIPPED, said, facts)]
    share = found / (found + missed)
    said = f"{share:.0%} of {found + missed} lookups were answered, {evicted} keys were evicted"
    # Misses of keys that never were are everyday; misses of keys that had to go are not.
    poor = share < POOR and evicted > 0
    return [Finding(HITS, Status.WARNING if poor else Status.OK, said, facts)]


HITS_PROBE = Probe("cache.hits", hits)
