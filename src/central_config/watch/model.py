"""What watchers hear: events of one environment, and the buffer of the last ones."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from central_config.configurations.model.cells import ServedChange
from central_config.configurations.model.rendering import shown
from central_config.core.json import encode

# Revisions kept per workspace for clients that come back; older ones are read from PostgreSQL.
REMEMBERED = 1024
# What they may take together; a revision may change a hundred thousand keys (bytes).
HEAVIEST = 32 * 1024 * 1024
# A change without its key and its value (bytes).
_CHANGE = 400


class Subject(NamedTuple):
    """What a watcher watches, as far as the text of its events depends on it."""

    workspace_id: UUID
    environment_id: UUID
    prefix: str
    reveal: bool


class Past(NamedTuple):
    """One revision's effect on readers, over all environments of a workspace."""

    revision: int
    changes: Sequence[ServedChange]


def _weight(past: Past) -> int:
    bodies = sum(len(change.after.body) for change in past.changes if change.after is not None)
    return bodies + len(past.changes) * _CHANGE


class Timeline:
    """The last revisions of one workspace, each once and in order, without a gap.

    `start` is the revision after which everything is known.
    """

    def __init__(self, start: int) -> None:
        self.start = start
        self._past: deque[Past] = deque()
        self._weight = 0

    def append(self, past: Past) -> None:
        """Take the next revision; the oldest fall out."""
        self._past.append(past)
        self._weight += _weight(past)
        while self._past and (len(self._past) > REMEMBERED or self._weight > HEAVIEST):
            oldest = self._past.popleft()
            self.start = oldest.revision
            self._weight -= _weight(oldest)

    def prepend(self, pasts: Sequence[Past], start: int) -> None:
        """Take revisions before `start` that were read from the database."""
        self._past.extendleft(reversed(pasts))
        self._weight += sum(_weight(past) for past in pasts)
        self.start = start

    def since(self, revision: int) -> Iterator[Past]:
        """Yield the revisions after one that is not before `start`."""
        # From the end, because most who come back were away for a moment.
        later = 0
        for past in reversed(self._past):
            if past.revision <= revision:
                break
            later += 1
        return islice(self._past, len(self._past) - later, None)


def noticeable(change: ServedChange) -> bool:
    """Tell whether an application could see the change: a value, its status, or its presence."""
    before, after = change.before, change.after
    if before is None or after is None:
        return before is not after
    if before.secret or after.secret:
        return True  # whether it is still the same is not for everybody to know
    return before.body != after.body or before.cell.status != after.cell.status


def member(change: ServedChange, *, reveal: bool) -> bytes:
    """Return what an event says of one key."""
    after = change.after
    key = encode(change.site.key)
    if after is None:
        return b'{"key":%b,"removed":true}' % key
    masked = b',"masked":true' if after.secret and not reveal else b""
    value, status = shown(after, reveal=reveal), encode(after.cell.status)
    return b'{"key":%b,"value":%b,"status":%b%b}' % (key, value, status, masked)


def members_data(revision: int, members: Iterable[bytes]) -> bytes:
    """Return the data of a change event."""
    return b'{"revision":%d,"changes":[%b]}' % (revision, b",".join(members))


def change_data(past: Past, subject: Subject) -> bytes | None:
    """Return the event's data as a watcher of the subject hears it; None: nothing it watches."""
    members = [
        member(change, reveal=subject.reveal)
        for change in past.changes
        if change.site.environment_id == subject.environment_id
        and change.site.key.startswith(subject.prefix)
        and noticeable(change)
    ]
    return members_data(past.revision, members) if members else None


class Heard(NamedTuple):
    """An event on its way to a watcher: `kind` is change or snapshot."""

    kind: str
    revision: int
    data: bytes


def as_sse(heard: Heard) -> bytes:
    """Return the event as Server-Sent Events write it; its id is where to resume from."""
    return b"event: %b\nid: %d\ndata: %b\n\n" % (heard.kind.encode(), heard.revision, heard.data)
