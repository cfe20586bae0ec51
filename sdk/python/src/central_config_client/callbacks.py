"""Telling callbacks what changed: in order, a revision at a time, never in the feed's way."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, Self

from central_config_client.snapshot import JSON, Change, same

log = logging.getLogger("central_config_client")

# Revisions that may wait for slow callbacks; beyond that the last ones are told as one.
LIMIT = 1000

OnChange = Callable[[str, JSON, JSON, int], object]
"""Called with the key, the old value, the new value and the revision."""
OnRevision = Callable[[int, tuple[Change, ...]], object]
"""Called with a revision and all its changes."""
Call = Callable[[], object]


class Revised(NamedTuple):
    """What one revision changed. `number` counts notices."""

    revision: int
    changes: tuple[Change, ...]
    number: int = 0


def merged(first: Revised, second: Revised) -> Revised:
    """Return two notices as one: from what was before the first to what is after the second."""
    changes = {each.key: each for each in first.changes}
    for each in second.changes:
        known = changes.get(each.key)
        changes[each.key] = each if known is None else Change(each.key, known.old, each.new)
    kept = tuple(each for each in changes.values() if not same(each.old, each.new))
    return Revised(second.revision, kept, second.number)


class Notices:
    """Notices that wait to be told; bounded. `wake` is called when there is one."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._waiting: deque[Revised] = deque()
        self._limit = limit
        self._lock = threading.Lock()
        self.count = 0
        self.wake: Call = bool

    def put(self, revised: Revised) -> None:
        """Add a notice."""
        with self._lock:
            self.count += 1
            revised = revised._replace(number=self.count)
            if len(self._waiting) >= self._limit:
                revised = merged(self._waiting.pop(), revised)
            self._waiting.append(revised)
        self.wake()

    def take(self) -> Revised | None:
        """Return the oldest notice, or None."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None


class Subscription:
    """One callback's wish to be told. `cancel()` ends it; as a context it ends with the block."""

    def __init__(self, subscribers: "Subscribers", prefix: str, since: int) -> None:
        self._subscribers: Final = subscribers
        self.prefix: Final = prefix
        self.since: Final = since

    def cancel(self) -> None:
        """Tell the callback nothing more."""
        self._subscribers.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()


class Subscribers:
    """Who wants to be told, in the order they asked."""

    def __init__(self) -> None:
        self._calls: dict[Subscription, Callable[[Revised], Iterable[Call]]] = {}

    def on_change(self, callback: OnChange, prefix: str, since: int) -> Subscription:
        """Call back for each key that begins with `prefix`."""

        def calls(revised: Revised) -> Iterator[Call]:
            for change in revised.changes:
                if change.key.startswith(prefix):
                    key, old, new = change
                    yield lambda: callback(key, old, new, revised.revision)  # noqa: B023 - called before the next

        return self._add(Subscription(self, prefix, since), calls)

    def on_revision(self, callback: OnRevision, prefix: str, since: int) -> Subscription:
        """Call back once for each revision that changes keys that begin with `prefix`."""

        def calls(revised: Revised) -> Iterator[Call]:
            wanted = tuple(each for each in revised.changes if each.key.startswith(prefix))
            if wanted:
                yield lambda: callback(revised.revision, wanted)

        return self._add(Subscription(self, prefix, since), calls)

    def remove(self, subscription: Subscription) -> None:
        """Forget one."""
        self._calls = {each: it for each, it in self._calls.items() if each is not subscription}

    def calls(self, revised: Revised) -> Iterator[Call]:
        """Yield what is to be called for a notice; call each before asking for the next."""
        for subscription, calls in self._calls.items():
            if revised.number > subscription.since:
                for call in calls(revised):
                    if subscription in self._calls:
                        yield call

    def _add(
        self, subscription: Subscription, calls: Callable[[Revised], Iterable[Call]]
    ) -> Subscription:
        # Replaced, not changed: another thread may be going through it.
        self._calls = {**self._calls, subscription: calls}
        return subscription


def failed(error: BaseException) -> None:
    """Log that a callback raised; the others are called all the same."""
    log.error("a callback raised %s", type(error).__name__, exc_info=error)
