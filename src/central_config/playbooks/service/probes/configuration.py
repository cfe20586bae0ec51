"""The settings of this process: what is weak, or what only a measurement should have."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from central_config.core.settings import Settings
from central_config.playbooks.model.findings import Finding, Status
from central_config.playbooks.service.world import World

_VERIFIED = {"verify-full", "verify-ca"}
_ENCRYPTED = {*_VERIFIED, "require"}


@dataclass(frozen=True)
class Rule:
    """A setting that may be wrong: when, and what then."""

    check: str
    applies: Callable[[Settings], bool]
    status: Status
    said: str


def is_here(host: str | None) -> bool:
    """Tell whether a host is this machine: loopback, a unix socket, or nothing."""
    if not host or host == "localhost" or host.startswith("/"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _open_to_others(settings: Settings) -> bool:
    return not is_here(settings.host)


def _database_in_clear(settings: Settings) -> bool:
    if settings.database_url is None:
        return False
    parts = urlsplit(settings.database_url.get_secret_value())
    query = parse_qs(parts.query)
    host = parts.hostname or query.get("host", [None])[0]
    return not is_here(host) and query.get("sslmode", [""])[0] not in _ENCRYPTED


def _redis_in_clear(settings: Settings) -> bool:
    if settings.redis_url is None:
        return False
    parts = urlsplit(settings.redis_url.get_secret_value())
    return parts.scheme == "redis" and not is_here(parts.hostname)


def _redis_without_password(settings: Settings) -> bool:
    if settings.redis_url is None:
        return False
    parts = urlsplit(settings.redis_url.get_secret_value())
    return parts.scheme != "unix" and not is_here(parts.hostname) and not parts.password


RULES = (
    Rule(
        "configuration.trusted_proxies",
        lambda given: _open_to_others(given) and not given.trusted_proxies,
        Status.WARNING,
        "HOST is open to others and TRUSTED_PROXIES is empty: behind a proxy all clients count as "
        "one address, in the log and for the limits of sign-ins",
    ),
    Rule(
        "configuration.database_tls",
        _database_in_clear,
        Status.WARNING,
        "DATABASE_URL leads to another machine without sslmode=require or verify-full",
    ),
    Rule(
        "configuration.redis_tls",
        _redis_in_clear,
        Status.WARNING,
        "REDIS_URL leads to another machine in clear; use rediss://",
    ),
    Rule(
        "configuration.redis_password",
        _redis_without_password,
        Status.WARNING,
        "Redis on another machine asks for no password",
    ),
    Rule(
        "configuration.master_key",
        lambda given: given.master_key is None,
        Status.BAD,
        "MASTER_KEY (or MASTER_KEY_FILE) is not set",
    ),
    Rule(
        "configuration.rate_limit",
        lambda given: given.rate_limit_per_key == 0,
        Status.WARNING,
        "RATE_LIMIT_PER_KEY is 0: one client can take a replica for itself",
    ),
    Rule(
        "configuration.log_level",
        lambda given: given.log_level.upper() == "DEBUG",
        Status.WARNING,
        "LOG_LEVEL is DEBUG: slow, and talkative",
    ),
    Rule(
        "configuration.data_plane",
        lambda given: not given.data_plane,
        Status.WARNING,
        "DATA_PLANE is false: reads are many times slower; it is for comparison only",
    ),
    Rule(
        "configuration.metrics",
        lambda given: given.metrics_port == 0,
        Status.WARNING,
        "METRICS_PORT is 0: no alert can fire",
    ),
)


async def probe(world: World) -> list[Finding]:
    """Apply every rule; one finding says that nothing applies."""
    found = list(_applying(world.settings))
    if found:
        return found
    said = f"none of {len(RULES)} known weaknesses applies"
    return [Finding("configuration", Status.OK, said)]


def _applying(settings: Settings) -> Iterator[Finding]:
    for rule in RULES:
        if rule.applies(settings):
            yield Finding(rule.check, rule.status, rule.said)
