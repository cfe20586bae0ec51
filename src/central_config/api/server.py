"""Runs the application on Granian: one process that accepts, one that serves."""

import contextlib
import multiprocessing
import os

from granian.constants import Interfaces, Loops
from granian.server.mp import MPServer
from typing_extensions import override

from central_config.core.process import END_STREAMS
from central_config.core.settings import Settings

# Connections beyond the library's default would be left hanging, watches among them.
CONNECTIONS = 16_384
# How long requests under way may take once a stop was asked for (seconds).
STOP_WITHIN = 10


class StreamEndingServer(MPServer):
    """Ends open watches before it waits for the other requests."""

    @override
    def shutdown(self, exit_code: int = 0) -> None:
        for child in multiprocessing.active_children():
            if child.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, END_STREAMS)
        super().shutdown(exit_code)


def run(settings: Settings) -> None:
    """Serve until a signal ends it."""
    StreamEndingServer(
        "central_config.api.process:create",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=1,
        backpressure=CONNECTIONS,
        websockets=False,
        log_access=False,
        log_enabled=False,
        workers_kill_timeout=STOP_WITHIN,
    ).serve()
