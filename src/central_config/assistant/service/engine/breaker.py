"""Leaving alone what fails: after some failures in a row nobody asks for a while, then one does."""

import contextlib
import time
from collections.abc import Callable, Generator

from central_config.assistant.service.engine import EngineAwayError, EngineRestingError

# Failures in a row after which the engine is left alone, and for how long (seconds).
FAILURES = 3
REST = 30.0


class Breaker:
    """Knows whether an engine is worth asking.

    Args:
        now: the time in seconds, for tests.
    """

    def __init__(
        self,
        failures: int = FAILURES,
        rest: float = REST,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = failures
        self._rest = rest
        self._now = now
        self._failures = 0
        self._rests_until = 0.0
        self._tried = False
        self._reason = ""

    def check(self) -> None:
        """Raise `EngineRestingError` where the engine is left alone now."""
        if self._failures < self._most:
            return
        left = self._rests_until - self._now()
        if left > 0:
            said = f"{self._reason}; it is asked again in {left:.0f} s"
            raise EngineRestingError(said)
        if self._tried:
            raise EngineRestingError(f"{self._reason}; whether it is back is being tried")

    @contextlib.contextmanager
    def watching(self, *, proves: bool = True) -> Generator[None]:
        """Count how the block ends: `EngineAwayError` is a failure, being cancelled is nothing.

        Args:
            proves: the block's success shows that the engine works again. To list its models is
                no proof that they answer.

        Raises:
            EngineRestingError: the engine is left alone now.
        """
        self.check()
        self._tried = trial = self._failures >= self._most
        try:
            yield
        except EngineAwayError as error:
            self._failures += 1
            self._reason = error.reason
            self._rests_until = self._now() + self._rest
            raise
        else:
            self._failures = 0 if proves else self._failures
        finally:
            if trial:
                self._tried = False
