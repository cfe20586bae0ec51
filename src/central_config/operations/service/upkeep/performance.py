"""How long answers and statements take."""

from datetime import datetime

from central_config.core.json import JSON
from central_config.operations.model.percentiles import quantile
from central_config.operations.model.reports import Section, Status
from central_config.operations.model.texts import time_text
from central_config.operations.service.upkeep.ground import Ground
from central_config.operations.store import answers, statements
from central_config.operations.store.statements import Statement, Statements
from central_config.supervisor.plan import reachable

_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_SPAN = "7d"
# Seconds: what the alerts HighResponseTime and SlowDatabaseStatements ask for.
_SLOW_ANSWERS, _SLOW_STATEMENT = 1.0, 0.5
# What ran a few times only (maintenance itself does) is no cause for advice.
_OFTEN = 20
_SHOWN = 5


async def response_times(ground: Ground) -> Section:
    """Report percentiles of answers: of the week from Prometheus, else since the API began."""
    name = "response times"
    asked = ground.settings.prometheus_url is not None
    try:
        found, source = await _percentiles(ground)
    except answers.NoAnswerError as error:
        status = Status.UNKNOWN if asked else Status.SKIPPED
        advice = ["set PROMETHEUS_URL: the report then covers the week and every replica"]
        return Section(name, status, f"not known: {error}", {}, [] if asked else advice)
    if any(value is None for value in found.values()):
        return Section(name, Status.SKIPPED, f"nothing was asked ({source})", {"source": source})
    known = {share: value for share, value in found.items() if value is not None}
    words = ", ".join(f"{share} {time_text(value)}" for share, value in known.items())
    facts: dict[str, JSON] = {"source": source, **known}
    slow = known["p95"] > _SLOW_ANSWERS
    return Section(name, Status.WARNING if slow else Status.OK, f"{words} ({source})", facts)


async def _percentiles(ground: Ground) -> tuple[dict[str, float | None], str]:
    settings = ground.settings
    if settings.prometheus_url is not None:
        url = settings.prometheus_url.get_secret_value()
        found = await answers.from_prometheus(url, list(_SHARES.values()), _SPAN)
        return dict(zip(_SHARES, found, strict=True)), f"Prometheus, {_SPAN}, all replicas"
    if not settings.metrics_port:
        message = "PROMETHEUS_URL is not set, and METRICS_PORT is 0"
        raise answers.NoAnswerError(message)
    url = f"http://{reachable(settings.metrics_host)}:{settings.metrics_port}/metrics"
    buckets = await answers.histogram(url)
    found = [quantile(share, buckets) for share in _SHARES.values()]
    return dict(zip(_SHARES, found, strict=True)), "this machine's API since it began"


async def slow_statements(ground: Ground) -> Section:
    """Report the statements that take longest, take most, and run most often."""
    name = "statements"
    url = ground.direct_url or ground.settings.require_database_url()
    try:
        found = await statements.statements(ground.database, url, _SHOWN)
    except statements.NotCountedError as error:
        advice = ["load pg_stat_statements (shared_preload_libraries) and create the extension"]
        return Section(name, Status.SKIPPED, f"nobody counts statements: {error}", {}, advice)
    if not found.top:
        return Section(name, Status.OK, f"none was counted yet ({found.place})")
    return _statements(name, found)


def _statements(name: str, found: Statements) -> Section:
    slowest = min(found.top, key=lambda each: each.by_mean)
    mean = found.total / max(found.calls, 1)
    words = (
        f"{found.calls} calls take {time_text(mean)} on average; the slowest "
        f"{time_text(slowest.mean)} ({_text(slowest)})"
    )
    facts: dict[str, JSON] = {
        "place": found.place,
        "since": _moment(found.since),
        "calls": found.calls,
        "mean_seconds": mean,
        # It keeps no percentiles: mean and longest are what there is.
        "slowest": _listed(sorted(found.top, key=lambda each: each.by_mean)),
        "most_time": _listed(sorted(found.top, key=lambda each: each.by_total)),
        "most_calls": _listed(sorted(found.top, key=lambda each: each.by_calls)),
    }
    slow = [each for each in found.top if _is_slow(each)]
    advice = [f"EXPLAIN (ANALYZE, BUFFERS) {_text(each)}" for each in slow]
    return Section(name, Status.WARNING if slow else Status.OK, words, facts, advice)


def _is_slow(statement: Statement) -> bool:
    often = statement.calls >= _OFTEN
    return often and statement.mean > _SLOW_STATEMENT and statement.query is not None


def _listed(found: list[Statement]) -> list[JSON]:
    return [
        {
            "queryid": None if each.queryid is None else str(each.queryid),
            "query": each.query,
            "calls": each.calls,
            "mean_seconds": each.mean,
            "total_seconds": each.total,
            "longest_seconds": each.longest,
            "rows": each.rows,
        }
        for each in found[:_SHOWN]
    ]


def _text(statement: Statement) -> str:
    return "a utility statement" if statement.query is None else statement.query[:120]


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
