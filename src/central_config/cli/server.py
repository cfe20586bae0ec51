"""The commands that run the service itself. Imported only when one of them is called."""

import asyncio
import sys

from central_config.core.logging import configure_logging
from central_config.core.settings import get_settings


def serve() -> int:
    """Run everything on this machine: PostgreSQL, Valkey, API, worker and beat."""
    # Heavy, and only here.
    from central_config.backups.model.errors import BackupRefusedError  # noqa: PLC0415
    from central_config.backups.service.archiving import archiving_of  # noqa: PLC0415
    from central_config.supervisor.serve import serve as run  # noqa: PLC0415

    settings = get_settings()
    if sys.stdout.isatty() and "log_format" not in settings.model_fields_set:
        settings = settings.model_copy(update={"log_format": "console"})
    configure_logging(settings)
    try:
        archiving = archiving_of(settings)
    except BackupRefusedError as problem:
        sys.stderr.write(f"central-config: {problem}\n")
        return 1
    return run(settings, archiving)


def api() -> int:
    """Run the API (production: one process per replica)."""
    from central_config.api.server import run  # noqa: PLC0415

    settings = get_settings()
    settings.require_database_url()
    configure_logging(settings)
    run(settings)
    return 0


def worker() -> int:
    """Run the background worker."""
    from central_config.worker.main import run  # noqa: PLC0415

    return run(get_settings())


def beat() -> int:
    """Run the scheduler; any number may run, one leads."""
    from central_config.worker.beat import run  # noqa: PLC0415

    return run(get_settings())


def migrate() -> int:
    """Bring the database schema to the version this program needs."""
    from central_config.core.migrations import migrate as run  # noqa: PLC0415

    settings = get_settings()
    configure_logging(settings)
    asyncio.run(run(settings))
    return 0


def bootstrap() -> int:
    """Create roles, the first administrator and, when asked for, the sample workspace."""
    from central_config.api.bootstrap import bootstrap as run  # noqa: PLC0415

    settings = get_settings()
    configure_logging(settings, stream=sys.stderr)
    print(asyncio.run(run(settings)), end="")
    return 0
