"""Log files of the children that keep their own: bounded, and quoted when a start fails."""

import shutil
from pathlib import Path

LARGEST_LOG = 16 * 1024 * 1024  # bytes; one older file of this size is kept
QUOTED = 4000  # bytes


def bound(path: Path, largest: int = LARGEST_LOG) -> None:
    """Move the content of a file that grew beyond `largest` bytes to `NAME.1`.

    Copies and truncates, because the child holds the file open (in append mode). Lines written
    between the two steps are lost.
    """
    if path.exists() and path.stat().st_size > largest:
        shutil.copyfile(path, path.with_name(f"{path.name}.1"))
        with path.open("r+b") as file:
            file.truncate(0)


def tail(path: Path, start: int = 0) -> str:
    """Return the end of a log file, at most what was written after position `start` (bytes)."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(start if start <= size else 0, size - QUOTED))
        return file.read().decode(errors="replace").strip()
