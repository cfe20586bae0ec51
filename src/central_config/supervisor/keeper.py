"""Keeps a service running: notices its end and starts it again after a growing delay."""

import time
from collections.abc import Callable
from typing import Protocol

import structlog

from central_config.supervisor.command import describe
from central_config.supervisor.errors import StartRefusedError

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0  # seconds; doubled at each restart
HEALTHY_AFTER = 60.0  # seconds of running, after which earlier restarts are forgotten
MOST_DOUBLINGS = 10

_log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class Service(Protocol):
    """What is kept running."""

    @property
    def name(self) -> str:
        """What the operator calls it."""
        ...

    @property
    def pid(self) -> int | None:
        """Process id of the latest start."""
        ...

    def start(self) -> None:
        """Start it; returns when it may be used."""
        ...

    def exit_code(self) -> int | None:
        """Return None while it runs."""
        ...

    def request_stop(self) -> None:
        """Ask it to end."""
        ...

    def force_stop(self) -> None:
        """End it now."""
        ...


class Keeper:
    """Watches one service. It never gives up and logs every restart."""

    def __init__(self, service: Service, clock: Callable[[], float] = time.monotonic) -> None:
        self.service = service
        self._clock = clock
        self._started = clock()
        self._restarts = 0
        self._due: float | None = None

    def look(self) -> None:
        """Start the service again if it has ended and its delay is over."""
        if self._due is None:
            code = self.service.exit_code()
            if code is not None:
                self._plan_restart(describe(code))
        elif self._clock() >= self._due:
            self._start_again()

    def _plan_restart(self, reason: str) -> None:
        if self._clock() - self._started >= HEALTHY_AFTER:
            self._restarts = 0
        delay = min(FIRST_DELAY * 2 ** min(self._restarts, MOST_DOUBLINGS), LONGEST_DELAY)
        self._restarts += 1
        self._due = self._clock() + delay
        _log.warning(
            "child ended, will be restarted",
            child=self.service.name,
            reason=reason,
            delay_seconds=delay,
            restart=self._restarts,
        )

    def _start_again(self) -> None:
        self._due = None
        try:
            self.service.start()
        except (StartRefusedError, OSError) as problem:
            self._plan_restart(str(problem))
            return
        finally:
            self._started = self._clock()
        _log.info("child restarted", child=self.service.name, pid=self.service.pid)
