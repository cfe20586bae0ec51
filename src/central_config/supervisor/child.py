"""The last step before a program runs: become its user, tie its life to ours, exec it.

Run by file name in an isolated interpreter, so it imports only the standard library:
`python -I -S child.py PARENT_PID SIGNAL UID GID GRACE PROGRAM [ARGUMENT...]`
(UID and GID -1: unchanged; GRACE in seconds, 0: no guard). It stands between fork and exec because
a `preexec_fn` is not safe where threads exist.
"""

import ctypes
import os
import select
import signal
import sys
from contextlib import suppress

PR_SET_PDEATHSIG = 1
PARENT_IS_GONE = 125
CANNOT_EXECUTE = 126
RESTORED = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ)


def main(arguments: list[str]) -> int:
    """Replace this process by the program; return an exit code only when that fails."""
    parent, death_signal, uid, gid, grace = (int(argument) for argument in arguments[:5])
    command = arguments[5:]
    # Masks and ignored signals survive an exec: the supervisor blocks those it waits for, a shell
    # may have ignored some, and this interpreter ignores SIGPIPE.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in RESTORED:
        signal.signal(number, signal.SIG_DFL)
    if grace > 0:
        _start_guard(parent, grace)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After setuid, because the kernel forgets the request when the user changes.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        return PARENT_IS_GONE  # it died before the request was made: no signal would come
    try:
        os.execv(command[0], command)  # noqa: S606 - the supervisor's own list, no shell
    except OSError as problem:
        sys.stderr.write(f"cannot run {command[0]}: {problem.strerror}\n")
        return CANNOT_EXECUTE


def _start_guard(parent: int, grace: int) -> None:
    """Leave a guard behind that ends the program's whole group if it survives the supervisor.

    The death signal reaches the program only, and a Celery worker with a job in hand, or cut off
    from its queue, does not end on it. The guard is no child of the program's: forked twice.
    """
    try:
        supervisor, program = os.pidfd_open(parent), os.pidfd_open(os.getpid())
    except OSError:
        return  # an old kernel, or the supervisor is gone: main notices that
    group = os.getpid()
    between = os.fork()
    if between != 0:
        os.waitpid(between, 0)
        return
    os.setsid()
    if os.fork() == 0:
        _guard(supervisor, program, group, grace)
    os._exit(0)


def _guard(supervisor: int, program: int, group: int, grace: int) -> None:
    for stream in range(3):
        os.close(stream)  # nobody shall wait for a guard to close a pipe
    os.chdir("/")
    select.select([supervisor, program], [], [])
    select.select([program], [], [], grace)
    with suppress(OSError):
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
