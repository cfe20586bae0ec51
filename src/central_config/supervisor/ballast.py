"""A file that only takes room, to be removed when the disk is full.

A full disk stops PostgreSQL, and what would free room (a TRUNCATE, a VACUUM, a restart) needs some
first. The room this file takes is there at once, for whoever removes it.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from central_config.supervisor.paths import PRIVATE_FILE, Paths, sync_directory

LARGEST = 64 * 1024 * 1024  # bytes
SMALLEST = 1024 * 1024
# Of the free room: the ballast itself must not fill the disk.
SHARE = 8


def lay(paths: Paths) -> int:
    """Create the file where there is none, and return its size (bytes); 0: no room for one.

    Raises:
        OSError: the directory cannot be written.
    """
    ballast = paths.ballast
    if ballast.exists():
        return ballast.stat().st_size
    size = min(LARGEST, shutil.disk_usage(paths.root).free // SHARE)
    if size < SMALLEST:
        return 0
    handle = os.open(ballast, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        # Blocks, not a hole. Not every file system can; those take what is written.
        _allocate(handle, size)
        os.fsync(handle)
    except OSError:
        with suppress(OSError):
            ballast.unlink()
        raise
    finally:
        os.close(handle)
    sync_directory(paths.root)
    return size


def size_of(ballast: Path) -> int:
    """Return how many bytes of the disk the file takes; 0 where there is none."""
    try:
        return ballast.stat().st_blocks * 512
    except OSError:
        return 0


def _allocate(handle: int, size: int) -> None:
    # Not zeros: some file systems keep those as a hole. What stands there is nobody's concern.
    block = os.urandom(SMALLEST)
    try:
        os.posix_fallocate(handle, 0, size)
    except OSError:
        for start in range(0, size, len(block)):
            os.pwrite(handle, block[: size - start], start)
