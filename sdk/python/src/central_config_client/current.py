"""What is known now: written by the feed, read by everybody."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal

from central_config_client.callbacks import Notices, Revised
from central_config_client.snapshot import JSON, NOTHING, Snapshot, differences

Source = Literal["live", "cache"]
Clock = Callable[[], float]


class Current:
    """The present snapshot, where it came from and how old it is.

    A snapshot is never changed: a new one takes its place, so whoever reads sees one revision.

    Args:
        clock: seconds that only go forward.
    """

    __slots__ = ("_changing", "_confirmed", "clock", "notices", "snapshot", "source", "values")

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.clock: Final = clock
        self.snapshot: Snapshot = NOTHING
        self.values: Mapping[str, JSON] = NOTHING.values
        self.source: Source | None = None
        self.notices: Final = Notices()
        self._confirmed = clock()
        self._changing = threading.Lock()

    @property
    def age(self) -> float:
        """Seconds since the server last confirmed that this is current."""
        return max(0.0, self.clock() - self._confirmed)

    def older(self, limit: float) -> bool:
        """Tell whether it is older than so many seconds."""
        return self.clock() - self._confirmed > limit

    def confirm(self, age: float = 0.0) -> None:
        """Note that this was current `age` seconds ago."""
        self._confirmed = self.clock() - age

    def show(
        self, snapshot: Snapshot, source: Source = "live", keys: Iterable[str] | None = None
    ) -> None:
        """Put a snapshot in place, and note what changed for those who want to be told.

        Args:
            snapshot: the new one.
            source: where it is from.
            keys: what may differ, if that is known.
        """
        with self._changing:
            before = self.snapshot
            self.snapshot = snapshot
            self.values = snapshot.values
            if self.source is not None and (told := tuple(differences(before, snapshot, keys))):
                self.notices.put(Revised(snapshot.revision, told))
            self.source = source

    def offer(self, snapshot: Snapshot, age: float) -> None:
        """Show a snapshot of the cache, unless there is something already."""
        with self._changing:
            if self.source is None:
                self.snapshot, self.values, self.source = snapshot, snapshot.values, "cache"
                self.confirm(age)

    def advance(self, revision: int) -> None:
        """Note that nothing changed up to a revision."""
        with self._changing:
            if revision != self.snapshot.revision:
                self.snapshot = self.snapshot._replace(revision=revision)

    def position(self) -> int:
        """Return how many notices there were; whoever subscribes now is told of later ones."""
        with self._changing:
            return self.notices.count
