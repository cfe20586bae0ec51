# ruff: noqa: INP001 - beside a script, not in a package
"""What the dashboards show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Panel:
    """One field of a dashboard: a number (`stat`) or curves (`timeseries`).

    `queries` is by legend; `{{label}}` in it is Grafana's.
    """

    title: str
    queries: Mapping[str, str]
    unit: str = "short"
    kind: Literal["stat", "timeseries"] = "timeseries"
    red_from: float | None = None
    description: str = ""


@dataclass(frozen=True)
class Dashboard:
    """A dashboard; people and links know it by `uid`."""

    uid: str
    title: str
    description: str
    panels: tuple[Panel, ...]


def _number(
    title: str,
    query: str,
    unit: str = "short",
    red_from: float | None = None,
    description: str = "",
) -> Panel:
    return Panel(title, {"": query}, unit, "stat", red_from, description)


_OURS = 'job="central-config"'
_CONTAINERS = 'pod=~"central-config-.*",container!=""'
_TIMES = "central_config:http_request_duration_seconds"
_RATE = "central_config:http_requests:rate5m"
_FIRING = 'ALERTS{alertstate="firing",'


_MAIN = Dashboard(
    "central-config-main",
    "Central Configuration",
    "Is it well? Start here.",
    (
        _number("Instances that answer", f"sum(up{{{_OURS}}})"),
        _number(
            "Alerts P0 and P1",
            f'count({_FIRING}severity=~"P0|P1"}}) or vector(0)',
            red_from=1,
        ),
        _number("Requests failing", "central_config:http_errors:ratio5m", "percentunit", 0.05),
        _number("95th percentile", f"{_TIMES}:p95_5m", "s", 1, "Watches and probes not counted"),
        _number("Oldest snapshot", f"max(central_config_snapshot_age_seconds{{{_OURS}}})", "s", 30),
        _number(
            "Active configurations", f"max(central_config_active_configurations_total{{{_OURS}}})"
        ),
        Panel(
            "Requests by status",
            {"{{status}}": f"sum by (status) ({_RATE})"},
            "reqps",
        ),
        Panel(
            "Time to answer",
            {"50 %": f"{_TIMES}:p50_5m", "95 %": f"{_TIMES}:p95_5m", "99 %": f"{_TIMES}:p99_5m"},
            "s",
        ),
        Panel(
            "Open watches",
            {"{{instance}}": f"sum by (instance) (central_config_watchers{{{_OURS}}})"},
        ),
        Panel(
            "Revisions",
            {
                "{{workspace}}": "topk(10, max by (workspace) "
                f"(central_config_workspace_revision{{{_OURS}}}))"
            },
        ),
        Panel(
            "Age of what is served",
            {"{{instance}}": f"central_config_snapshot_age_seconds{{{_OURS}}}"},
            "s",
        ),
        Panel(
            "PostgreSQL and Redis answer", {"postgresql": "min(pg_up)", "redis": "min(redis_up)"}
        ),
        Panel(
            "Jobs",
            {
                "{{status}}": f"max by (status) (central_config_jobs{{{_OURS},"
                'status=~"queued|running|failed"})'
            },
        ),
        Panel(
            "The job that has waited longest",
            {"overdue": f"max(central_config_jobs_oldest_queued_seconds{{{_OURS}}})"},
            "s",
        ),
    ),
)

_PERFORMANCE = Dashboard(
    "central-config-perf",
    "Central Configuration: performance",
    "Where the time goes.",
    (
        Panel(
            "Busiest routes",
            {"{{method}} {{route}}": f"topk(8, sum by (method, route) ({_RATE}))"},
            "reqps",
        ),
        Panel(
            "Slowest routes, 95 %",
            {
                "{{method}} {{route}}": "topk(8, histogram_quantile(0.95, "
                "sum by (method, route, le) (rate("
                f'http_request_duration_seconds_bucket{{{_OURS},route!~"/health.*|/api/v1/watch/.*"}}[5m]))))'
            },
            "s",
        ),
        Panel(
            "Writes that wait", {"{{instance}}": f"central_config_writer_queue_depth{{{_OURS}}}"}
        ),
        Panel(
            "Writes in a transaction",
            {
                "mean": f"sum(rate(central_config_writer_batch_size_sum{{{_OURS}}}[5m]))"
                f" / sum(rate(central_config_writer_batch_size_count{{{_OURS}}}[5m]))"
            },
        ),
        Panel(
            "Watches: events",
            {"events": f"sum(rate(central_config_watch_events_total{{{_OURS}}}[5m]))"},
            "ops",
        ),
        Panel(
            "Watches: cut for being slow",
            {
                "{{instance}}": "sum by (instance) (increase("
                f"central_config_watch_cut_total{{{_OURS}}}[10m]))"
            },
        ),
        Panel(
            "Workspaces found in memory and in Redis",
            {
                "{{cache}}": "sum by (cache) (rate("
                f'central_config_cache_requests_total{{{_OURS},outcome="hit"}}[5m]))'
                " / sum by (cache) (rate("
                f"central_config_cache_requests_total{{{_OURS}}}[5m]))"
            },
            "percentunit",
        ),
        Panel(
            "Connections of the pools",
            {"{{instance}} {{state}}": f"central_config_database_pool_connections{{{_OURS}}}"},
        ),
        Panel(
            "Connections of PostgreSQL",
            {"taken": "central_config:database_connections:ratio"},
            "percentunit",
        ),
        Panel(
            "Workspaces in memory",
            {
                "{{instance}} held": f"central_config_snapshots_held{{{_OURS}}}",
                "{{instance}} put away in 5 min": "increase("
                f"central_config_snapshot_evictions_total{{{_OURS}}}[5m])",
            },
        ),
        Panel(
            "Memory of workspaces",
            {"{{instance}}": f"central_config_snapshot_bytes{{{_OURS}}}"},
            "bytes",
        ),
        Panel(
            "Loading a workspace, 95 %",
            {
                "{{source}}": "histogram_quantile(0.95, sum by (source, le) (rate("
                f"central_config_snapshot_load_seconds_bucket{{{_OURS}}}[30m])))"
            },
            "s",
        ),
        Panel(
            "CPU of the processes",
            {"{{instance}}": f"rate(process_cpu_seconds_total{{{_OURS}}}[5m])"},
            "percentunit",
        ),
        Panel(
            "Memory of the processes",
            {"{{instance}}": f"process_resident_memory_bytes{{{_OURS}}}"},
            "bytes",
        ),
        Panel(
            "Open files",
            {"{{instance}}": f"process_open_fds{{{_OURS}}} / process_max_fds{{{_OURS}}}"},
            "percentunit",
        ),
        Panel(
            "CPU of the pods",
            {
                "{{pod}}": "sum by (pod) (rate("
                f"container_cpu_usage_seconds_total{{{_CONTAINERS}}}[5m]))"
            },
        ),
        Panel(
            "Memory of the pods",
            {"{{pod}}": "central_config:container_memory:ratio"},
            "percentunit",
        ),
        Panel(
            "PostgreSQL: read from memory",
            {
                "hits": 'sum(rate(pg_stat_database_blks_hit{datname="central_config"}[5m])) / '
                '(sum(rate(pg_stat_database_blks_hit{datname="central_config"}[5m]))'
                ' + sum(rate(pg_stat_database_blks_read{datname="central_config"}[5m])))'
            },
            "percentunit",
        ),
        Panel(
            "PostgreSQL: size",
            {"{{datname}}": 'pg_database_size_bytes{datname="central_config"}'},
            "bytes",
        ),
        Panel(
            "PostgreSQL: slowest statements, mean",
            {
                "{{queryid}}": "topk(5, "
                "sum by (queryid) (rate(pg_stat_statements_seconds_total[5m]))"
                " / (sum by (queryid) (rate(pg_stat_statements_calls_total[5m])) > 0.01))"
            },
            "s",
        ),
        Panel(
            "PostgreSQL: locks and deadlocks",
            {
                "{{mode}}": 'sum by (mode) (pg_locks_count{datname="central_config"}) > 0',
                "deadlocks in 5 min": "increase(pg_stat_database_deadlocks"
                '{datname="central_config"}[5m])',
            },
        ),
        Panel(
            "Redis: keys found",
            {
                "hits": "sum(rate(redis_keyspace_hits_total[5m])) / "
                "(sum(rate(redis_keyspace_hits_total[5m]))"
                " + sum(rate(redis_keyspace_misses_total[5m])))"
            },
            "percentunit",
        ),
        Panel("Redis: memory", {"used": "redis_memory_used_bytes"}, "bytes"),
        Panel(
            "AI: operations",
            {
                "{{operation}} {{outcome}}": "sum by (operation, outcome) (rate("
                f"central_config_ai_operations_total{{{_OURS}}}[5m]))"
            },
            "ops",
        ),
        Panel(
            "AI: time, 95 %",
            {
                "{{operation}}": "histogram_quantile(0.95, sum by (operation, le) (rate("
                f"central_config_ai_operation_duration_seconds_bucket{{{_OURS}}}[5m])))"
            },
            "s",
        ),
    ),
)

_SECURITY = Dashboard(
    "central-config-security",
    "Central Configuration: security",
    "Who was refused, and whether what protects us is in order.",
    (
        _number(
            "Audit log intact",
            f"min(central_config_audit_chain_intact{{{_OURS}}})",
            description="1 is intact, 0 is changed",
        ),
        _number(
            "Last verified",
            f"min(central_config_audit_chain_check_age_seconds{{{_OURS}}})",
            "s",
            8 * 86400,
        ),
        _number(
            "Last backup",
            f"max(min by (kind) (central_config_backup_age_seconds{{{_OURS}}}))",
            "s",
            26 * 3600,
        ),
        _number(
            "Last restore drill",
            f"min(central_config_restore_drill_age_seconds{{{_OURS}}})",
            "s",
            35 * 86400,
        ),
        _number("Next certificate to end", "min(central_config:certificate:seconds_left)", "s"),
        _number(
            "Security alerts",
            f'count({_FIRING}alertname=~"Audit.*|Auth.*|Cert.*"}}) or vector(0)',
            red_from=1,
        ),
        Panel(
            "Refused sign-ins and tokens, by what was shown",
            {
                "{{method}}": "sum by (method) (rate("
                f"central_config_authentication_failures_total{{{_OURS}}}[5m]))"
            },
            "ops",
        ),
        Panel(
            "Refused requests",
            {"{{status}}": f'sum by (status) ({_RATE}{{status=~"401|403|429"}})'},
            "reqps",
        ),
        Panel(
            "Sign-ins",
            {"{{status}}": f'sum by (status) ({_RATE}{{route="/api/v1/sessions",method="POST"}})'},
            "reqps",
        ),
        Panel(
            "Secrets shown in clear",
            {"{{status}}": f'sum by (status) ({_RATE}{{route=~".*/reveal/.*"}})'},
            "reqps",
        ),
        Panel(
            "Changes to users, roles and keys",
            {
                "{{method}} {{route}}": f"sum by (method, route) ({_RATE}"
                '{method!="GET",route=~"/api/v1/(users|roles|keys).*"})'
            },
            "reqps",
        ),
        Panel(
            "Certificates: time left",
            {"{{instance}}{{name}}": "central_config:certificate:seconds_left"},
            "s",
        ),
    ),
)

DASHBOARDS = (_MAIN, _PERFORMANCE, _SECURITY)
