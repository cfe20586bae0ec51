"""Names outside the program that people's queries, dashboards and scripts use."""

import asyncio
import json
from typing import Any, cast

import asyncpg
import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families as families

from central_config.core.db import connect_arguments
from central_config.core.settings import Settings
from tests.docs.pages import ROOT
from tests.monitoring.definitions import rules
from tests.support.api import ApiProcess, Client, Workspace
from tests.support.runbook import WHO_IS_INACTIVE, WHO_MAY_WHAT

COLUMNS = {
    "cc_configuration": {"workspace_id", "status"},
    "cc_audit_log": {"created_at"},
    "cc_user": {"id", "username", "email", "last_login"},
    "roles": {"id", "name"},
    "permissions": {"id", "name"},
    "user_roles": {"user_id", "role_id"},
    "role_permissions": {"role_id", "permission_id"},
    "api_keys": {"name", "created_at", "last_used", "usage_count", "key_hash"},
}
INDEXES = {
    "idx_cc_configuration_workspace_status": ("cc_configuration", "(workspace_id, status)"),
    "ix_cc_audit_log_created_at": ("cc_audit_log", "(created_at)"),
}
METRICS = {
    "http_requests": ("counter", {"method", "route", "status"}),
    "http_request_duration_seconds": ("histogram", {"method", "route"}),
    "central_config_active_configurations_total": ("gauge", set[str]()),
    "central_config_workspace_revision": ("gauge", {"workspace"}),
    "central_config_snapshot_age_seconds": ("gauge", set[str]()),
    "central_config_watchers": ("gauge", {"kind"}),
    "central_config_writer_queue_depth": ("gauge", set[str]()),
    "central_config_database_pool_connections": ("gauge", {"state"}),
    "central_config_backup_age_seconds": ("gauge", {"kind"}),
    "central_config_restore_drill_age_seconds": ("gauge", set[str]()),
    "central_config_jobs": ("gauge", {"status"}),
}
DEFAULTS: dict[str, object] = {
    "DATABASE_URL": None,
    "DATABASE_POOL_SIZE": 10,
    "DATABASE_MAX_OVERFLOW": 10,
    "DATABASE_POOL_TIMEOUT": 30,
    "DATABASE_POOL_RECYCLE": 3600,
    "DATABASE_LISTEN_URL": None,
    "REDIS_URL": None,
    "CACHE_DEFAULT_TIMEOUT": 300,
    "CACHE_KEY_PREFIX": "central_config:",
    "CACHE_REDIS_DB": 0,
    "CACHE_MAX_CONNECTIONS": 50,
    "CELERY_BROKER_URL": None,
    "CELERY_WORKER_CONCURRENCY": 4,
    "CELERY_WORKER_PREFETCH_MULTIPLIER": 2,
    "CELERY_TASK_SOFT_TIME_LIMIT": 300,
    "CELERY_TASK_TIME_LIMIT": 600,
    "AI_ENABLED": False,
    "OLLAMA_BASE_URL": "http://127.0.0.1:11434",
    "AI_MODEL": "llama3.2:3b",
    "METRICS_PORT": 9000,
    "PORT": 8000,
}
DASHBOARDS = ("central-config-main", "central-config-perf", "central-config-security")
ALERTS = (
    "CentralConfigDown",
    "HighResponseTime",
    "HighErrorRate",
    "DatabaseConnectionIssues",
    "HighMemoryUsage",
)
WHICH_KEYS = "SELECT name, created_at, last_used, usage_count FROM api_keys ORDER BY last_used DESC"
BIGGEST_SIZE = "SELECT pg_size_pretty(pg_database_size(current_database())) as database_size"


def ask(url: str, query: str) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(**connect_arguments(url))
        try:
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(run())


def test_tables_and_columns(database_url: str) -> None:
    found: dict[str, set[str]] = {}
    for row in ask(database_url, "SELECT table_name, column_name FROM information_schema.columns"):
        found.setdefault(row["table_name"], set()).add(row["column_name"])
    for table, columns in COLUMNS.items():
        assert columns <= found[table], table


def test_indexes(database_url: str) -> None:
    rows = ask(database_url, "SELECT indexname, tablename, indexdef FROM pg_indexes")
    found = {row["indexname"]: row for row in rows}
    for name, (table, columns) in INDEXES.items():
        assert found[name]["tablename"] == table
        assert columns in found[name]["indexdef"]
        # One with a fixed date is soon used by nobody.
        assert " WHERE " not in found[name]["indexdef"]


def test_what_an_access_review_asks_runs_as_it_stands(server: ApiProcess, admin: Client) -> None:
    url = server.environment["DATABASE_URL"]
    workspace = Workspace(admin)
    workspace.key()
    admin.ok("POST", "/users", json={"username": f"new-{workspace.slug}", "email": "n@example.com"})
    told = ask(url, WHO_MAY_WHAT)
    assert ("admin", "admin") in {(row["username"], row["role"]) for row in told}
    assert "system.operate" in {row["permission"] for row in told if row["username"] == "admin"}
    inactive = {row["username"] for row in ask(url, WHO_IS_INACTIVE)}
    assert f"new-{workspace.slug}" in inactive
    assert "admin" not in inactive
    assert len(ask(url, WHICH_KEYS)) >= 1
    assert ask(url, BIGGEST_SIZE)[0]["database_size"]


def test_metrics(server: ApiProcess, admin: Client) -> None:
    workspace = Workspace(admin)
    admin.put(workspace.place("base", "a"), 1)
    text = httpx2.get(f"http://127.0.0.1:{server.metrics_port}/metrics", timeout=5).text
    found = {family.name: family for family in families(text)}
    for name, (kind, labels) in METRICS.items():
        assert found[name].type == kind, name
        for sample in found[name].samples:
            assert labels <= set(sample.labels), sample
    counted = {sample.name for sample in found["http_requests"].samples}
    assert "http_requests_total" in counted


def test_settings_have_these_names_and_defaults() -> None:
    fields = Settings.model_fields
    for name, default in DEFAULTS.items():
        assert fields[name.lower()].default == default, name


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_dashboards(uid: str) -> None:
    path = ROOT / "deploy" / "monitoring" / "dashboards" / f"{uid}.json"
    assert cast("Any", json.loads(path.read_text("utf-8")))["uid"] == uid


def test_alerts() -> None:
    there = {rule.name for rule in rules() if rule.is_alert}
    assert set(ALERTS) <= there
