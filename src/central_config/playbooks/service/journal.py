"""Where runs are written down while the audit log cannot be reached: lines chained by their hashes.

Every run begins here, also with the database up, so that one that is cut off leaves a trace. What
stands here goes into the audit log at the end of the run or at the beginning of a later one, once.
"""

import errno
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import platformdirs

from central_config.core.json import JSON, decode, encode_sorted
from central_config.playbooks.model.errors import RefusedError
from central_config.playbooks.service.world import World
from central_config.playbooks.store.proc import standing
from central_config.supervisor.paths import PRIVATE, PRIVATE_FILE, sync_directory

GENESIS = "0" * 64
NAME = "ops-journal.jsonl"

Entry = Mapping[str, JSON]


class BrokenJournalError(Exception):
    """A line of the journal is not what was written."""


def directory(world: World) -> Path:
    """Return where the journal of this machine is: with the data, or with the user's state.

    Raises:
        RefusedError: it can be written nowhere.
    """
    if world.paths is not None and os.access(world.paths.root, os.W_OK):
        return world.paths.root
    # In a container whose disk may not be written, there is at most a place for what passes.
    passing = Path(tempfile.gettempdir()) / f"central-config-ops-{os.getuid()}"
    for place in (platformdirs.user_state_path("central-config"), passing):
        with suppress(OSError):
            place.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            if place.lstat().st_uid == os.getuid() and os.access(place, os.W_OK):
                return place
    raise RefusedError(f"no place for the journal: neither DATA_DIR nor {passing} can be written")


class Journal:
    """The lines in a directory."""

    def __init__(self, place: Path) -> None:
        self.path = place / NAME
        self._place = place

    @contextmanager
    def held(self) -> Generator[None]:
        """Keep every other run on this machine out.

        Raises:
            RefusedError: one is under way.
        """
        # The directory itself: on a full disk no file can be made to be locked.
        handle = os.open(self._place, os.O_RDONLY)
        try:
            if not _locked(handle):
                raise RefusedError("another run is under way on this machine")
            yield
        finally:
            os.close(handle)

    def append(self, entry: Entry) -> None:
        """Add a line, and have it on the disk when this returns.

        Raises:
            OSError: it cannot be written; the disk may be full.
            BrokenJournalError: the lines before are not what was written.
        """
        lines = self._lines()
        previous = str(lines[-1]["hash"]) if lines else GENESIS
        line = {"entry": dict(entry), "hash": _digest(previous, entry), "previous": previous}
        is_new = not self.path.exists()
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, PRIVATE_FILE)
        try:
            end = _end_of_last_line(handle)
            text = encode_sorted(line) + b"\n"
            _write_whole(handle, text, end)
        finally:
            os.close(handle)
        if is_new:
            sync_directory(self.path.parent)

    def entries(self) -> list[Entry]:
        """Return what was written, oldest first.

        Raises:
            BrokenJournalError: a line was changed, put in or taken out.
        """
        return [cast("Entry", each["entry"]) for each in self._lines()]

    def pending(self) -> list[Entry]:
        """Return the runs that stand in no audit log yet, each with its end.

        A run whose process is gone without an end was cut off; one that goes on is left out.
        """
        begun: dict[str, dict[str, JSON]] = {}
        for entry in self.entries():
            run = str(entry.get("run"))
            match entry.get("kind"):
                case "begun":
                    begun[run] = {**entry, "outcome": "interrupted"}
                case "ended" if run in begun:
                    begun[run] |= entry
                case "merged":
                    begun.pop(run, None)
                case _:
                    pass
        return [each for each in begun.values() if each["kind"] == "ended" or _is_over(each)]

    def set_aside(self, stamp: str) -> Path:
        """Move a broken journal out of the way, for whoever looks into it."""
        place = self.path.with_name(f"ops-journal.broken-{stamp}.jsonl")
        self.path.rename(place)
        return place

    def _lines(self) -> list[dict[str, JSON]]:
        if not self.path.exists():
            return []
        previous, found = GENESIS, list[dict[str, JSON]]()
        # What stands behind the last line end was never acknowledged: the power went.
        for number, text in enumerate(self.path.read_bytes().split(b"\n")[:-1], 1):
            line = _line(text)
            if line is None or line["previous"] != previous:
                raise BrokenJournalError(f"line {number} of {self.path} is not what was written")
            previous = str(line["hash"])
            found.append(line)
        return found


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _line(text: bytes) -> dict[str, JSON] | None:
    try:
        line = cast("dict[str, JSON]", decode(text))
        entry, previous = cast("Entry", line["entry"]), str(line["previous"])
    except (ValueError, KeyError, TypeError):
        return None
    return line if line.get("hash") == _digest(previous, entry) else None


def _digest(previous: str, entry: Entry) -> str:
    return hashlib.sha256(bytes.fromhex(previous) + encode_sorted(dict(entry))).hexdigest()


def _end_of_last_line(handle: int) -> int:
    size = os.fstat(handle).st_size
    return os.pread(handle, size, 0).rfind(b"\n") + 1


def _write_whole(handle: int, text: bytes, end: int) -> None:
    """Write the line and nothing behind it; a part of it must not stay."""
    written = 0
    try:
        written = os.pwrite(handle, text, end)
        os.fsync(handle)
    finally:
        os.ftruncate(handle, end + len(text) if written == len(text) else end)
    if written != len(text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _is_over(entry: Entry) -> bool:
    """Tell whether the process that began a run is gone."""
    process = cast("Sequence[int]", entry["process"])
    found = standing(process[0])
    return found is None or found.started != process[1]
