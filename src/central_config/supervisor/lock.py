"""One supervisor for one data directory."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager

from central_config.supervisor.errors import StartRefusedError
from central_config.supervisor.paths import PRIVATE_FILE, Paths


@contextmanager
def exclusive(paths: Paths) -> Generator[None]:
    """Hold the data directory's lock; the kernel lets go of it when the process ends in any way.

    Raises:
        StartRefusedError: another supervisor holds it.
    """
    handle = os.open(paths.lock, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    with os.fdopen(handle, "r+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip() or "unknown"
            raise StartRefusedError(
                f"process {holder} already serves {paths.root}; "
                "stop it first, or choose another DATA_DIR"
            ) from None
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
