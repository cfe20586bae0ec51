"""What the service counts and measures, all in one place so that it can be documented and tested.

Names that dashboards and alerts bind to: `http_requests_total`, `http_request_duration_seconds`,
`central_config_active_configurations_total`.
"""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram

from central_config.core.tallies import RouteTallies

# `http_requests_total` and `http_request_duration_seconds`, by route.
HTTP = RouteTallies(
    # A read from memory takes microseconds, an import of a large file seconds.
    [
        *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
        *(1, 2.5, 5, 10, 30),
    ]
)
REGISTRY.register(HTTP)
ACTIVE_CONFIGURATIONS = Gauge(
    "central_config_active_configurations_total",
    "Configurations with status active, over all workspaces",
)
REVISION = Gauge(
    "central_config_workspace_revision",
    "Revision of a workspace as this replica serves it",
    ["workspace"],
)
SNAPSHOT_AGE = Gauge(
    "central_config_snapshot_age_seconds",
    "Time since this replica last confirmed that its snapshots are current",
)
SNAPSHOTS_HELD = Gauge("central_config_snapshots_held", "Workspaces this replica holds in memory")
SNAPSHOT_BYTES = Gauge(
    "central_config_snapshot_bytes", "Memory that the workspaces held take, estimated"
)
SNAPSHOT_EVICTIONS = Counter(
    "central_config_snapshot_evictions_total", "Idle workspaces put away to stay within the bound"
)
SNAPSHOT_LOAD = Histogram(
    "central_config_snapshot_load_seconds",
    "Time to load a workspace, from PostgreSQL or from its copy in Redis",
    ["source"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
WATCHERS = Gauge("central_config_watchers", "Open watches", ["kind"])
WATCH_EVENTS = Counter("central_config_watch_events_total", "Events handed to watchers")
WATCH_CUT = Counter("central_config_watch_cut_total", "Watchers cut because they were too slow")
WRITER_QUEUE = Gauge("central_config_writer_queue_depth", "Writes that wait for a transaction")
WRITER_BATCH = Histogram(
    "central_config_writer_batch_size",
    "Writes taken into one transaction",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
DATABASE_POOL = Gauge(
    "central_config_database_pool_connections", "Connections of the pool", ["state"]
)
AUTHENTICATION_FAILURES = Counter(
    "central_config_authentication_failures_total", "Sign-ins and keys refused", ["method"]
)
