"""Which steps a day, a week and a month have."""

from collections.abc import Mapping, Sequence

from central_config.operations.service.upkeep import (
    access,
    cache,
    capacity,
    database,
    indexes,
    machine,
    parts,
    performance,
    records,
    release,
)
from central_config.operations.service.upkeep.ground import Step

# Seconds, for what reads or writes large tables.
_LONG = 1800.0
# pip-audit asks about each package over the network.
_AUDIT = 240.0

DAILY = (
    Step("database", parts.database),
    Step("api", parts.api),
    Step("scheduler", parts.scheduler),
    Step("failed jobs", parts.failed_jobs),
    Step("audit chain", parts.audit_chain),
    Step("resources", machine.resources),
    Step("disk", machine.disk),
    Step("expired rows", database.expired),
    Step("audit partitions", database.partitions),
    Step("statistics", database.statistics),
    Step(cache.NAME, cache.look),
    Step("logs", machine.logs),
    Step("sizes", database.record_sizes),
)
WEEKLY = (
    Step("vacuum", database.vacuum, _LONG),
    Step("audit retention", records.retention, _LONG),
    Step("backups", records.backups),
    Step("certificates", release.certificates),
    Step("response times", performance.response_times),
    Step("statements", performance.slow_statements),
)
MONTHLY = (
    Step("index bloat", indexes.bloat, _LONG),
    Step("unused indexes", indexes.unused),
    Step("doubled indexes", indexes.doubled),
    Step("sequential scans", indexes.sequential_scans),
    Step("statements", performance.slow_statements),
    Step(capacity.NAME, capacity.look),
    Step("security updates", release.dependencies, _AUDIT),
    Step("backups", records.backups),
    Step("access", access.users),
    Step("api keys", access.api_keys),
    Step("documentation", release.documentation),
)

PLANS: Mapping[str, Sequence[Step]] = {"daily": DAILY, "weekly": WEEKLY, "monthly": MONTHLY}
