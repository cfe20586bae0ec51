"""Runs the real supervisor with stand-in programs: `stand_in_product.py DATA_DIR PLAN_JSON`."""

import http.client
import json
import logging
import sys
from pathlib import Path
from typing import Any

import structlog

from central_config.core.settings import Settings
from central_config.supervisor.plan import Command, Plan
from central_config.supervisor.serve import run


def command(argv: list[str], **options: Any) -> Command:
    return Command(argv=tuple(argv), **options)


def answers(port: int | None) -> bool:
    if port is None:
        return True
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False


def main() -> int:
    wanted = json.loads(sys.argv[2])
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, structlog.processors.JSONRenderer()],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    plan = Plan(
        first=tuple(command(**options) for options in wanted.get("first", ())),
        keep=tuple(command(**options) for options in wanted.get("keep", ())),
        is_ready=lambda: answers(wanted.get("port")),
    )
    return run(Settings(data_dir=Path(sys.argv[1]), **wanted.get("settings", {})), plan)


if __name__ == "__main__":
    sys.exit(main())
