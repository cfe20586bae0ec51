"""The metrics that rules and dashboards may ask for besides those that the API exports today."""

# The service is to export these; a test fails when one of them is and still stands here.
PLANNED: set[str] = set()

# Ours, without samples where AI_ENABLED is false; `tests/faults` sees them.
SWITCHED_OFF = {
    "central_config_ai_operation_duration_seconds",
    "central_config_ai_operations_total",
    "central_config_certificate_expiry_timestamp_seconds",
    "central_config_mcp_call_duration_seconds",
    "central_config_mcp_calls_total",
}

# Of exporters that the tests start, beside a server without standby and without extension.
EXPORTERS = {
    "pg_database_size_bytes",
    "pg_locks_count",
    "pg_settings_max_connections",
    "pg_settings_superuser_reserved_connections",
    "pg_stat_archiver_failed_count",
    "pg_stat_archiver_last_archive_age",
    "pg_stat_database_blks_hit",
    "pg_stat_database_blks_read",
    "pg_stat_database_deadlocks",
    "pg_stat_database_numbackends",
    "pg_up",
    "redis_keyspace_hits_total",
    "redis_keyspace_misses_total",
    "redis_memory_used_bytes",
    "redis_up",
}

# Of Prometheus, kubelet and exporters that no test starts.
OTHERS = {
    "alertmanager_notifications_failed_total",
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
    "container_spec_memory_limit_bytes",
    "kubelet_volume_stats_available_bytes",
    "kubelet_volume_stats_capacity_bytes",
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    "pg_stat_replication_pg_wal_lsn_diff",
    "pg_stat_statements_calls_total",
    "pg_stat_statements_seconds_total",
    "probe_ssl_earliest_cert_expiry",
}


def base(name: str) -> str:
    """Return the metric's name without what the samples of a histogram add."""
    for end in ("_bucket", "_sum", "_count"):
        whole = name.removesuffix(end)
        if whole != name and whole.endswith(("_seconds", "_size")):
            return whole
    return name
