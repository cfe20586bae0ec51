"""How the supervisor waits: the one place where time passes and signals arrive.

The signals are blocked and fetched with `sigtimedwait`, so no handler runs in the middle of
something else: a stop can only arrive while the supervisor waits.
"""

import signal
from types import TracebackType
from typing import Self

from central_config.supervisor.errors import StopRequestedError

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Waits that end early when a child ends or the operator asks for a stop.

    Use it as a context manager in the main thread. The first stop signal raises
    `StopRequestedError` out of `pause`; any further one only sets `hurried`.
    """

    def __init__(self) -> None:
        # What was ignored stays ignored: `nohup central-config serve` survives its terminal.
        stops = {s for s in STOP_SIGNALS if signal.getsignal(s) is not signal.SIG_IGN}
        self._watched = stops | {signal.SIGCHLD}
        self._stopping = False
        self.hurried = False

    def __enter__(self) -> Self:
        self._mask_before = signal.pthread_sigmask(signal.SIG_BLOCK, self._watched)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while signal.sigtimedwait(self._watched, 0) is not None:
            pass  # a Ctrl-C too many must not become a KeyboardInterrupt after a clean stop
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask_before)

    def pause(self, seconds: float) -> None:
        """Wait `seconds`, less when a child ends.

        Raises:
            StopRequestedError: at the first SIGINT, SIGTERM or SIGHUP.
        """
        received = signal.sigtimedwait(self._watched, seconds)
        if received is None or received.si_signo == signal.SIGCHLD:
            return
        if self._stopping:
            self.hurried = True
            return
        self._stopping = True
        raise StopRequestedError(signal.Signals(received.si_signo).name)

    def no_more_interruptions(self) -> None:
        """From now on a stop signal hurries instead of raising: the stop has begun."""
        self._stopping = True
