"""Directories of drills: private, gone with the drill, and swept where a drill was killed."""

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "central-config-drill-"
# Held by the drill that lives there; the kernel lets go of it however the drill ends.
_LOCK = "lock"


@contextmanager
def drill_place(root: Path | None) -> Generator[Path]:
    """Make a directory below `root` (None: where temporary files are) until the block ends.

    What drills that were killed have left there is removed first.
    """
    parent = Path(tempfile.gettempdir()) if root is None else root
    for left in parent.glob(f"{_PREFIX}*"):
        _remove_if_abandoned(left)
    with (
        tempfile.TemporaryDirectory(prefix=_PREFIX, dir=parent) as directory,
        (Path(directory) / _LOCK).open("w") as lock,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Path(directory)


def _remove_if_abandoned(place: Path) -> None:
    # Without a lock it is somebody else's, or was made this instant.
    with contextlib.suppress(OSError), (place / _LOCK).open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(place, ignore_errors=True)
