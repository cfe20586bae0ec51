"""`central-config serve`: the whole product on one machine, with nothing else installed."""

import sys

import structlog

from central_config.core.settings import Settings
from central_config.supervisor.accounts import database_account
from central_config.supervisor.errors import StartRefusedError, StopRequestedError
from central_config.supervisor.lock import exclusive
from central_config.supervisor.machine import Machine
from central_config.supervisor.paths import Paths, default_data_dir
from central_config.supervisor.plan import Plan, product_plan
from central_config.supervisor.signals import Signals

STOPPED, REFUSED = 0, 1

_log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


def serve(settings: Settings) -> int:
    """Run PostgreSQL, Valkey, API, worker and beat until a stop; return the exit code.

    Call it from the main thread: it waits for signals.
    """
    return run(settings, product_plan(settings))


def run(settings: Settings, plan: Plan) -> int:
    """Run the servers and the processes of `plan` until a stop; return the exit code."""
    paths = Paths((settings.data_dir or default_data_dir()).expanduser().resolve())
    with Signals() as signals:
        try:
            own_database = settings.database_url is None
            paths.prepare(database_account(paths.cluster) if own_database else None)
            with exclusive(paths):
                _run_and_stop(Machine(settings, plan, paths, signals), signals)
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
