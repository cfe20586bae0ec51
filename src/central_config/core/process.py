"""Things a process does to itself."""

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

# Sent to server processes before they are asked to stop: a stream that never ends by itself would
# hold up a graceful stop until its time is over.
END_STREAMS = signal.SIGUSR1


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """Ask Linux to send us `number` when the process that started us ends, however it ends.

    A server process killed hard must not leave children that go on answering on its port.
    Elsewhere than on Linux this does nothing.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
