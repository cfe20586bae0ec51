"""Things a process does to itself."""

import ctypes
import gc
import resource
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


def allow_open_files(wanted: int) -> int:
    """Raise the number of files this process may open towards `wanted`; return what it may.

    Each connection is one; many systems allow 1,024 until a process asks for more.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed


def collect_rarely() -> None:
    """Let the garbage collector look at what is new after 50,000 objects instead of 700.

    While a program is imported nearly everything it makes stays: looking each time for what does
    not takes a fifth of the start.
    """
    gc.set_threshold(50_000, 20, 50)


def favour_short_answers() -> None:
    """Tune the interpreter for a server that holds much and answers in microseconds.

    What lives as long as the process is taken out of the garbage collector's sight, which then
    looks at it no more; and a thread at work (compression, password hashes) lets the event loop in
    after a tenth of a millisecond instead of five.
    """
    gc.collect()
    gc.freeze()
    # Requests leave no cycles behind; those of the framework are few and small.
    gc.set_threshold(10_000, 20, 50)
    sys.setswitchinterval(0.0001)
