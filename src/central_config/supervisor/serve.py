"""`central-config serve`: the whole product on one machine, with nothing else installed."""

import socket
import sys

import structlog

from central_config.core.settings import Settings
from central_config.supervisor.accounts import database_account
from central_config.supervisor.cluster import Archiving
from central_config.supervisor.errors import StartRefusedError, StopRequestedError
from central_config.supervisor.lock import exclusive
from central_config.supervisor.machine import Machine
from central_config.supervisor.paths import Paths, default_data_dir
from central_config.supervisor.plan import Plan, product_plan
from central_config.supervisor.signals import Signals

STOPPED, REFUSED = 0, 1

_log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


def serve(settings: Settings, archiving: Archiving | None = None) -> int:
    """Run PostgreSQL, Valkey, API, worker and beat until a stop; return the exit code.

    Call it from the main thread: it waits for signals. `archiving` makes PostgreSQL archive its
    log, where PostgreSQL is ours.
    """
    taken = [
        f"{host}:{port}"
        for host, port in (
            (settings.host, settings.port),
            (settings.metrics_host, settings.metrics_port),
        )
        if port and not _free(host, port)
    ]
    if taken:
        # The API would fail to start, and its probes would be answered by a stranger.
        sys.stderr.write(
            f"central-config: something listens on {' and '.join(taken)} already;"
            " stop it, or choose others with PORT and METRICS_PORT\n"
        )
        return REFUSED
    return run(settings, product_plan(settings), archiving)


def _free(host: str, port: int) -> bool:
    """Tell whether an address can be listened on; a connection just closed does not count."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def run(settings: Settings, plan: Plan, archiving: Archiving | None = None) -> int:
    """Run the servers and the processes of `plan` until a stop; return the exit code."""
    paths = Paths((settings.data_dir or default_data_dir()).expanduser().resolve())
    with Signals() as signals:
        try:
            own_database = settings.database_url is None
            paths.prepare(database_account(paths.cluster) if own_database else None)
            with exclusive(paths):
                _run_and_stop(Machine(settings, plan, paths, signals, archiving), signals)
        except StopRequestedError as request:
            _log.info("stopped", reason=str(request))
            return STOPPED
        except StartRefusedError as problem:
            sys.stderr.write(f"central-config: {problem}\n")
            return REFUSED
    return STOPPED


def _run_and_stop(machine: Machine, signals: Signals) -> None:
    try:
        machine.start()
        machine.keep_running()
    finally:
        signals.no_more_interruptions()
        machine.stop()
