"""Logs: one JSON object a line on standard output, from us and from every library."""

import asyncio
import atexit
import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import Processor

from central_config.core.clock import SystemClock, rfc3339
from central_config.core.json import encode
from central_config.core.settings import Settings

_ACCESS = "central_config.access_line"
# How long an access line may wait for others, and how many wait at most (seconds, lines).
_GATHERED_FOR = 0.05
_GATHERED = 512

_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def configure_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Send every log line through one formatter, at the level and in the form of the settings.

    `stream` is standard output unless a command prints its result there.
    """
    renderer: list[Processor]
    if settings.log_format == "console":
        renderer = [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())]
    else:
        renderer = [
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(),
        ]
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    if settings.log_format == "json":
        _lines.stream = stream or sys.stdout
    # One line for each statement or each request of a client library says nothing of ours.
    for noisy in ("httpx2", "httpcore2", "sqlalchemy.engine", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _AccessLines:
    """Access lines on their way out, several in one write: there may be thousands a second.

    `stream` None: they go the way of every other line.
    """

    def __init__(self) -> None:
        self.stream: TextIO | None = None
        self._waiting: list[bytes] = []
        self._due = False

    def add(self, fields: dict[str, object]) -> None:
        """Take a line; it is written within a twentieth of a second."""
        self._waiting.append(encode(fields))
        if len(self._waiting) >= _GATHERED:
            self.flush()
        elif not self._due:
            try:
                asyncio.get_running_loop().call_later(_GATHERED_FOR, self.flush)
            except RuntimeError:  # no event loop: nothing to wait for
                self.flush()
            else:
                self._due = True

    def flush(self) -> None:
        """Write what waits."""
        self._due = False
        waiting, self._waiting = self._waiting, []
        if waiting and self.stream is not None:
            self.stream.write(b"\n".join(waiting).decode() + "\n")
            self.stream.flush()


_lines = _AccessLines()
_clock = SystemClock()
atexit.register(_lines.flush)
_access_log = logging.getLogger(_ACCESS)
_bound = structlog.get_logger(_ACCESS)


def access_line(**fields: object) -> None:
    """Write the line of one request: who asked what, from where, and how it ended."""
    if not _access_log.isEnabledFor(logging.INFO):
        return
    if _lines.stream is None:
        _bound.info("request", **fields)
        return
    fields |= {
        "logger": _ACCESS,
        "level": "info",
        "timestamp": rfc3339(_clock.now()),
        "message": "request",
    }
    _lines.add(fields)
