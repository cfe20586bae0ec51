"""What the API of this machine counts: errors, times, the age of what it serves, its writer."""

import asyncio
from collections import defaultdict

from central_config.core.json import JSON
from central_config.playbooks.model.errors import UnreachableError
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.probes.looking import level
from central_config.playbooks.service.scrape import Labels, Scrape, quantile
from central_config.playbooks.service.world import World

_OK = 200
# Between two looks (seconds): counters alone tell of the whole life of a process.
_BETWEEN = 1.5
# Fewer requests than this say nothing about a share.
_ENOUGH = 20
_SLOW, _TOO_SLOW = 0.5, 1.0  # seconds
_ERRORS, _TOO_MANY_ERRORS = 0.01, 0.05
_AGE, _TOO_OLD = 5.0, 30.0  # seconds
_QUEUED, _QUEUE_FULL = 1024, 4096
_DURATION = "http_request_duration_seconds_bucket"
# Not judged: a long poll or a stream waits on purpose, and probes come from machines.
_APART = ("/watch", "/health", "/metrics")


async def scrape(world: World) -> Scrape:
    """Return the present figures.

    Raises:
        UnreachableError: no answer, or none of ours.
    """
    answer = await world.http(world.metrics_url())
    if answer.status != _OK:
        raise UnreachableError(f"{world.metrics_url()} answers {answer.status}")
    try:
        return Scrape(answer.text)
    except ValueError as error:
        raise UnreachableError(f"{world.metrics_url()} answers no metrics: {error}") from error


async def probe(world: World) -> list[Finding]:
    """Look twice: what happened in between is now, the rest is history."""
    if not world.settings.metrics_port:
        return [Finding("metrics", Status.SKIPPED, "METRICS_PORT is 0: nothing is measured")]
    try:
        before = await scrape(world)
        await asyncio.sleep(_BETWEEN)
        after = await scrape(world)
    except UnreachableError as error:
        return [Finding("metrics.reachable", Status.BAD, f"the metrics do not answer: {error}")]
    return [
        Finding("metrics.reachable", Status.OK, "the metrics answer"),
        _errors(before, after),
        _times(before, after),
        *_state(after),
    ]


def _judged(labels: Labels) -> bool:
    return not any(each in labels.get("route", "") for each in _APART)


def _failed(labels: Labels) -> bool:
    return _judged(labels) and labels.get("status", "").startswith("5")


def _requests(scrape: Scrape) -> tuple[float, float]:
    name = "http_requests_total"
    return scrape.total(name, _judged), scrape.total(name, _failed)


def _errors(before: Scrape, after: Scrape) -> Finding:
    old, old_failed = _requests(before)
    count, failed = _requests(after)
    recent = count - old >= _ENOUGH
    if recent:
        count, failed = count - old, failed - old_failed
    if count < _ENOUGH:
        said = f"{count:.0f} requests since its start: too few to judge by"
        return Finding("metrics.errors", Status.SKIPPED, said, {"requests": count})
    when = f"in the last {_BETWEEN:g} s" if recent else "since its start"
    share = failed / count
    facts: dict[str, JSON] = {"requests": count, "failed": failed, "ratio": share, "recent": recent}
    said = f"{share:.2%} of {count:.0f} requests failed {when}"
    return Finding("metrics.errors", level(share, _ERRORS, _TOO_MANY_ERRORS), said, facts)


def _buckets(scrape: Scrape) -> dict[float, float]:
    found: dict[float, float] = defaultdict(float)
    for each in scrape.samples(_DURATION):
        if _judged(each.labels):
            found[float(each.labels["le"])] += each.value
    return found


def _times(before: Scrape, after: Scrape) -> Finding:
    old, now = _buckets(before), _buckets(after)
    last = float("inf")
    recent = now.get(last, 0) - old.get(last, 0) >= _ENOUGH
    if recent:
        now = {bound: count - old.get(bound, 0) for bound, count in now.items()}
    found = quantile(0.95, now)
    if found is None or now.get(last, 0) < _ENOUGH:
        return Finding("metrics.p95", Status.SKIPPED, "too few requests to judge times by")
    when = f"in the last {_BETWEEN:g} s" if recent else "since its start"
    facts: dict[str, JSON] = {"p95_seconds": found, "requests": now[last], "recent": recent}
    said = f"95 of 100 requests took at most {found * 1000:.1f} ms {when}"
    return Finding("metrics.p95", level(found, _SLOW, _TOO_SLOW), said, facts)


def _state(scrape: Scrape) -> list[Finding]:
    age = scrape.one("central_config_snapshot_age_seconds")
    queued = scrape.one("central_config_writer_queue_depth")
    found: list[Finding] = []
    if age is None:
        found.append(Finding("replica.age", Status.UNKNOWN, "the age of what it serves is missing"))
    else:
        said = f"what it serves was confirmed {age:.1f} s ago"
        found.append(Finding("replica.age", level(age, _AGE, _TOO_OLD), said, {"seconds": age}))
    if queued is not None:
        said = f"{queued:.0f} writes wait for a transaction"
        status = level(queued, _QUEUED, _QUEUE_FULL)
        found.append(Finding("writer.queue", status, said, {"waiting": queued}))
    return found
