"""What people say for what a configuration is usually called; a tenant adds its own."""

from collections.abc import Mapping

# Each line: words that may stand for one another in the name of a key.
_ALIKE = (
    "database|db",
    "postgres|postgresql|pg",
    "kubernetes|k8s",
    "password|passwd|pwd|pass",
    "username|user name|user",
    "hostname|host name|host",
    "address|addr",
    "url|uri|link",
    "connection string|dsn|connection url|url",
    "directory|dir|folder",
    "repository|repo",
    "configuration|config|cfg",
    "connection|conn",
    "message|msg",
    "maximum|max|upper limit",
    "minimum|min|lower limit",
    "number|count|num",
    "limit|max",
    "timeout|time out|time limit",
    "time to live|ttl|lifetime|expiry|expiration",
    "interval|period",
    "size|length",
    "logging|log|logger",
    "log level|logging level|verbosity|loglevel",
    "retry|retries|attempts",
    "authentication|auth",
    "authorization|authz|auth",
    "certificate|cert",
    "environment|env",
    "enabled|enable",
    "disabled|disable",
    "email|mail|e-mail",
    "mail|smtp|email",
    "bucket|s3",
    "queue|mq",
    "broker|bootstrap server|bootstrap",
    "region|zone",
    "feature flag|feature toggle|feature|flag",
    "payment|pay",
    "parallelism|concurrency|workers",
    "worker|workers",
    "thread|threads",
    "memory|mem",
    "identifier|id",
    "back off|backoff",
    "rate limit|ratelimit|throttle",
    "api key|apikey|api token",
    "access key|accesskey",
    "single sign on|sso",
    "endpoint|url",
    "server|host",
    "ssl|tls",
    "encryption|tls|ssl",
    "caching|cache",
    "application|app",
    "parameter|param",
    "temporary|tmp|temp",
    "development|dev",
    "production|prod",
    "statistics|stats|metrics",
    "notification|notify|alert",
)


def _table() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for line in _ALIKE:
        alike = line.split("|")
        for word in alike:
            others = (
                other for other in alike if other != word and other not in table.get(word, ())
            )
            table[word] = (*table.get(word, ()), *others)
    return table


BUILT_IN: Mapping[str, tuple[str, ...]] = _table()
"""What is said, in small letters, and the words it may stand for, in no order."""
