"""What a server process is, beside its application: logs, a port for metrics, an end.

The application is imported here and not above: tens of thousands of objects are made that stay,
among which the garbage collector would look for rubbish again and again.
"""

from typing import TYPE_CHECKING

import structlog
from prometheus_client import start_http_server

from central_config.core.logging import configure_logging
from central_config.core.process import (
    allow_open_files,
    collect_rarely,
    die_with_parent,
    favour_short_answers,
)
from central_config.core.settings import get_settings

if TYPE_CHECKING:
    from central_config.api.edge import Application

log = structlog.get_logger(__name__)

# What 16,384 connections, the database and logs need; one process holds that many watches.
OPEN_FILES = 20_000


def create() -> "Application":
    """Return the application for a server process: logs, metrics port, end with the parent."""
    collect_rarely()
    settings = get_settings()
    configure_logging(settings)
    die_with_parent()
    allowed = allow_open_files(OPEN_FILES)
    if allowed < OPEN_FILES:
        log.warning("few files may be opened", allowed=allowed, wanted=OPEN_FILES)
    if settings.metrics_port:
        start_http_server(settings.metrics_port, settings.metrics_host)
    from central_config.api.app import build  # noqa: PLC0415 - see above

    application = build(settings)
    favour_short_answers()
    return application
