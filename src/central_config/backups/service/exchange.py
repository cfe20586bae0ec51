"""Puts a recovered data directory in the place of the live one, so that there always is one."""

import ctypes
import os
from pathlib import Path

from central_config.supervisor.paths import Paths, sync_directory

AT_FDCWD = -100
RENAME_EXCHANGE = 2


def put_in_place(paths: Paths, recovered: Path, kept: Path) -> Path | None:
    """Make `recovered` the live data; return where the data of before is kept, if there was any.

    `serve` makes new data where it finds none: in no moment, not in a power cut either, the place
    is empty, where the file system can exchange two names.
    """
    if not paths.cluster.exists():
        recovered.rename(paths.cluster)
        sync_directory(paths.root)
        return None
    # Named first: whatever stops us, nobody takes the data of before for a recovered copy.
    recovered.rename(kept)
    if not _exchange(kept, paths.cluster):
        kept.rename(recovered)
        paths.cluster.rename(kept)
        recovered.rename(paths.cluster)
    sync_directory(paths.root)
    return kept


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names at once; False where the system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    names = os.fsencode(one), os.fsencode(other)
    return renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) == 0
