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
CACHE_REQUESTS = Counter(
    "central_config_cache_requests_total",
    "Workspaces asked for: in memory (hit, miss), and of those missed in Redis (hit, miss, stale); "
    "answers of the AI engine (hit, miss)",
    ["cache", "outcome"],
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
DATABASE_CONNECTIONS_LIMIT = Gauge(
    "central_config_database_connections_limit",
    "Connections this process may have at most: those of its pool, and those under load",
)
JOBS = Gauge("central_config_jobs", "Background jobs; NaN while the database is away", ["status"])
JOBS_OLDEST_QUEUED = Gauge(
    "central_config_jobs_oldest_queued_seconds",
    "Time the background job that has waited longest is overdue; NaN while the database is away",
)
BEAT_LEADERS = Gauge(
    "central_config_beat_leaders",
    "Schedulers that lead; one is right. NaN while the database is away",
)
AUDIT_CHAIN_INTACT = Gauge(
    "central_config_audit_chain_intact",
    "What the last verification of the audit log found: 1 intact, 0 broken, NaN before the first",
)
AUDIT_CHAIN_CHECK_AGE = Gauge(
    "central_config_audit_chain_check_age_seconds",
    "Time since the last verification of the audit log; +Inf: there was none",
)
NOTIFICATIONS = Gauge(
    "central_config_notifications",
    "Messages to people in the outbox: queued and failed ones are with nobody yet",
    ["status"],
)
AUTHENTICATION_FAILURES = Counter(
    "central_config_authentication_failures_total", "Sign-ins and keys refused", ["method"]
)
MCP_CALLS = Counter(
    "central_config_mcp_calls_total",
    "Tools used by assistants at /mcp; `outcome` is ok or a problem code",
    ["tool", "outcome"],
)
MCP_DURATION = Histogram(
    "central_config_mcp_call_duration_seconds",
    "Time a tool took, its audit event included where it proposes",
    ["tool"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
BACKUP_AGE = Gauge(
    "central_config_backup_age_seconds",
    "Age of the last good backup; +Inf: there never was one, NaN: the database was not asked yet",
    ["kind"],
)
RESTORE_DRILL_AGE = Gauge(
    "central_config_restore_drill_age_seconds",
    "Time since a backup was restored and found good; +Inf: never, NaN: not asked yet",
)
CERTIFICATE_EXPIRY = Gauge(
    "central_config_certificate_expiry_timestamp_seconds",
    "When a certificate of CERTIFICATES, or one it needs, ends first; NaN: it was never read",
    ["name"],
)
# Without AI these two have no samples. `operation` is what a model was asked for (plan, explain,
# review, advice); `outcome` is ok, error, or busy (as many questions as may be were under way).
AI_OPERATIONS = Counter(
    "central_config_ai_operations_total",
    "Questions to the AI engine, cached answers left out",
    ["operation", "outcome"],
)
AI_OPERATION_DURATION = Histogram(
    "central_config_ai_operation_duration_seconds",
    "Time until the AI engine had answered or was given up",
    ["operation"],
    buckets=(0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 7.5, 10, 15, 20, 30, 45, 60, 90),
)
