"""Long jobs leave a place free: whoever must be told of an incident does not wait for a backup."""

import fcntl
import tempfile
from collections.abc import Generator
from contextlib import contextmanager


class LongPlaces:
    """The places of a worker's children that jobs of hours may take: all but one.

    A place is a lock on one byte of a file without a name, opened before the children are made:
    the kernel gives it back however a child ends. A worker with a single child has no place to
    spare; there a long job holds the others up.
    """

    def __init__(self, concurrency: int) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the worker is
        self._places = max(concurrency - 1, 1)

    @contextmanager
    def one(self) -> Generator[bool]:
        """Hold a place within the block; False: all are taken."""
        taken = next(filter(self._take, range(self._places)), None)
        try:
            yield taken is not None
        finally:
            if taken is not None:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, taken)

    def _take(self, place: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:
            return False
        return True
