"""What runs beside PostgreSQL and Valkey: first the commands that end, then those that stay."""

import http.client
import sys
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

from central_config.core.settings import Settings

READY_PATH = "/health/ready"
READY_TIMEOUT = 1.0  # seconds
# Long: a migration rewrites tables of any size.
MIGRATE_TIMEOUT, BOOTSTRAP_TIMEOUT = 1800.0, 120.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program of ours. `timeout` (seconds) bounds one that ends.

    `answer_is_shown`: its standard output is for the operator.
    """

    name: str
    argv: tuple[str, ...]
    timeout: float = BOOTSTRAP_TIMEOUT
    answer_is_shown: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`first` runs to its end in order; `keep` is kept running; `is_ready` asks the outcome."""

    first: tuple[Command, ...]
    keep: tuple[Command, ...]
    is_ready: Callable[[], bool]


def product_plan(settings: Settings) -> Plan:
    """Return what `central-config serve` runs."""
    return Plan(
        first=(
            Command(name="migrate", argv=_own("migrate"), timeout=MIGRATE_TIMEOUT),
            Command(name="bootstrap", argv=_own("bootstrap"), answer_is_shown=True),
        ),
        keep=(
            Command(name="api", argv=_own("api")),
            Command(name="worker", argv=_own("worker")),
            Command(name="beat", argv=_own("beat")),
        ),
        is_ready=lambda: api_is_ready(settings),
    )


def api_is_ready(settings: Settings) -> bool:
    """Ask the API once."""
    connection = http.client.HTTPConnection(
        reachable(settings.host), settings.port, timeout=READY_TIMEOUT
    )
    try:
        connection.request("GET", READY_PATH)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def reachable(host: str) -> str:
    """Return an address under which this machine reaches a server that listens on `host`."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"  # noqa: PLR2004 - IPv4


def _own(command: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "central_config", command)
