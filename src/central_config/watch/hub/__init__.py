"""From revisions to watchers: one hub per process, in front of one broadcaster.

Guarantees, per watcher: ordered (revisions only grow), unique (none twice), atomic (a revision's
changes of one environment come in one event), reliable and resumable (from any revision: from the
timeline in memory, else from history; where that is gone, a `snapshot` event replaces everything).

Who watches the same forms an `Audience`. A revision is looked up by environment and by prefix, so
its cost is that of the audiences it concerns; each event is rendered once and goes to everybody in
the audience as the same bytes.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar
from uuid import UUID

from central_config.configurations.model.cells import ServedChange
from central_config.configurations.model.rendering import environment_now, head
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service import Step
from central_config.core.metrics import WATCHERS
from central_config.watch.hub.audience import QUEUE_LIMIT, Audience, Stream, Watcher
from central_config.watch.hub.broadcast import HEARTBEAT, Broadcaster
from central_config.watch.model import (
    Heard,
    Past,
    Subject,
    Timeline,
    change_data,
    member,
    members_data,
    noticeable,
)

__all__ = ["HEARTBEAT", "QUEUE_LIMIT", "Audience", "Hub", "Stream", "Watcher"]

# Many come back at once and ask for the same: that many first answers are kept until the next
# revision, where they are small enough (bytes).
_ANSWERS = 64
_ANSWER_SIZE = 4 * 1024 * 1024

W = TypeVar("W", bound=Watcher)


class _Place:
    """The audiences of one environment, by prefix."""

    def __init__(self) -> None:
        self.by_prefix: dict[str, list[Audience]] = {}
        # The different lengths of prefixes, shortest first.
        self.lengths: tuple[int, ...] = ()

    def add(self, audience: Audience) -> None:
        self.by_prefix.setdefault(audience.subject.prefix, []).append(audience)
        self._measure()

    def remove(self, audience: Audience) -> None:
        audiences = self.by_prefix[audience.subject.prefix]
        audiences.remove(audience)
        if not audiences:
            del self.by_prefix[audience.subject.prefix]
        self._measure()

    def concerned(self, key: str) -> Iterable[Audience]:
        """Yield the audiences that watch a key."""
        for length in self.lengths:
            if length > len(key):
                return
            yield from self.by_prefix.get(key[:length], ())

    def _measure(self) -> None:
        self.lengths = tuple(sorted({len(prefix) for prefix in self.by_prefix}))


class _Followed:
    """A workspace somebody watched in this process; `secrets` counts its secret keys."""

    def __init__(self, state: WorkspaceState) -> None:
        self.timeline = Timeline(state.revision)
        self.secrets = len(state.secret_keys)
        self.audiences: dict[tuple[Subject, str], Audience] = {}
        self.places: dict[UUID, _Place] = {}
        # First answers at the present revision, by what was asked.
        self.answers: dict[tuple[Subject, str, int | None], list[Heard]] = {}

    def audience(self, subject: Subject, workspace: str) -> Audience:
        found = self.audiences.get((subject, workspace))
        if found is None:
            found = self.audiences[subject, workspace] = Audience(subject, workspace)
            self.places.setdefault(subject.environment_id, _Place()).add(found)
        return found

    def dissolve(self, audience: Audience) -> None:
        if self.audiences.pop((audience.subject, audience.workspace), None) is None:
            return
        place = self.places[audience.subject.environment_id]
        place.remove(audience)
        if not place.by_prefix:
            del self.places[audience.subject.environment_id]

    def forget_past(self, state: WorkspaceState) -> None:
        self.timeline = Timeline(state.revision)
        self.secrets = len(state.secret_keys)

    def concerned(self, changes: Sequence[ServedChange]) -> dict[Audience, list[ServedChange]]:
        """Return who is to hear of which changes; nobody else is looked at."""
        found: dict[Audience, list[ServedChange]] = {}
        for change in changes:
            place = self.places.get(change.site.environment_id)
            if place is None or not noticeable(change):
                continue
            for audience in place.concerned(change.site.key):
                found.setdefault(audience, []).append(change)
        return found


class Hub:
    """All watches of this process."""

    def __init__(self) -> None:
        self._followed: dict[UUID, _Followed] = {}
        self._broadcaster = Broadcaster()
        self.closed = False

    def take(self, step: Step) -> None:
        """Hear of one revision and tell the watchers. Called for each, in order."""
        followed = self._followed.get(step.state.workspace_id)
        if followed is None:
            return
        followed.answers.clear()
        if step.gone:
            # Nothing is kept of it: should it come back, it may have another past.
            del self._followed[step.state.workspace_id]
            for audience in followed.audiences.values():
                audience.close()
                WATCHERS.labels("open").dec(len(audience))
            return
        if step.changes is None:
            followed.forget_past(step.state)
            self._tell_all(step.state, followed)
            return
        if len(step.state.secret_keys) > followed.secrets:
            # What the timeline says of a key that became a secret is in clear; history is sealed.
            followed.forget_past(step.state)
        else:
            followed.timeline.append(Past(step.revision, step.changes))
        if step.changes and followed.places:
            self._tell(step.revision, followed.concerned(step.changes))

    def timeline(self, state: WorkspaceState) -> Timeline:
        """Return the timeline of a workspace; it begins with the first interest in it."""
        return self._follow(state).timeline

    def watched(self, workspace_id: UUID) -> bool:
        """Tell whether somebody watches the workspace."""
        followed = self._followed.get(workspace_id)
        return followed is not None and bool(followed.audiences)

    def subjects(self) -> Iterator[Subject]:
        """Yield what somebody watches at this moment."""
        for followed in self._followed.values():
            for subject, _ in followed.audiences:
                yield subject

    def first(
        self, state: WorkspaceState, subject: Subject, workspace: str, since: int | None
    ) -> list[Heard]:
        """Return what a watcher hears first: all that happened since a revision, or a snapshot.

        `since` None, or a revision that the timeline does not reach back to: a snapshot.
        """
        followed = self._follow(state)
        known = followed.answers.get((subject, workspace, since))
        if known is not None:
            return known
        if since is not None and followed.timeline.start <= since <= state.revision:
            found = changes_since(followed.timeline, subject, since)
        else:
            whole = snapshot(state, subject, workspace)
            found = [] if whole is None else [whole]
        small = sum(len(each.data) for each in found) <= _ANSWER_SIZE
        if small and len(followed.answers) < _ANSWERS:
            followed.answers[subject, workspace, since] = found
        return found

    def join(
        self,
        state: WorkspaceState,
        subject: Subject,
        workspace: str,
        make: Callable[[Audience], W],
    ) -> W:
        """Return a new watcher that hears of every revision after the state's."""
        audience = self._follow(state).audience(subject, workspace)
        watcher = make(audience)
        audience.join(watcher)
        WATCHERS.labels("open").inc()
        return watcher

    def begin(self, stream: Stream, body: bytes) -> None:
        """Send what comes first into a stream that has joined; then it hears of everything."""
        now = asyncio.get_running_loop().time()
        stream.begin(body, now)
        self._broadcaster.watch_over(stream, now)

    def patience(self) -> float:
        """Return how long a new stream may be silent (seconds)."""
        return self._broadcaster.patience()

    def leave(self, watcher: Watcher) -> None:
        """Forget a watcher."""
        audience = watcher.audience
        followed = self._followed.get(audience.subject.workspace_id)
        present = followed is not None and (
            followed.audiences.get((audience.subject, audience.workspace)) is audience
        )
        if audience.leave(watcher) and present:
            WATCHERS.labels("open").dec()
        if followed is not None and present and not len(audience):
            followed.dissolve(audience)

    def close(self) -> None:
        """End every watch at once, so that the process can stop; clients come back elsewhere."""
        self.closed = True
        self._broadcaster.close()
        for followed in self._followed.values():
            for audience in followed.audiences.values():
                audience.hang_up()

    def _follow(self, state: WorkspaceState) -> _Followed:
        followed = self._followed.get(state.workspace_id)
        if followed is None:
            followed = self._followed[state.workspace_id] = _Followed(state)
        return followed

    def _tell(self, revision: int, concerned: dict[Audience, list[ServedChange]]) -> None:
        # Two audiences that hear of one change are told the same bytes of it.
        members: dict[tuple[int, bool], bytes] = {}
        for audience, changes in concerned.items():
            reveal = audience.subject.reveal
            found: list[bytes] = []
            for change in changes:
                name = (id(change), reveal)
                if name not in members:
                    members[name] = member(change, reveal=reveal)
                found.append(members[name])
            audience.append(Heard("change", revision, members_data(revision, found)))
            self._broadcaster.tell(audience)

    def _tell_all(self, state: WorkspaceState, followed: _Followed) -> None:
        for audience in list(followed.audiences.values()):
            heard = snapshot(state, audience.subject, audience.workspace)
            if heard is None:
                audience.close()
            else:
                audience.append(heard)
                self._broadcaster.tell(audience)


def snapshot(state: WorkspaceState, subject: Subject, workspace: str) -> Heard | None:
    """Return all that is watched as one event; None when its environment is gone."""
    environment = state.topology.by_id.get(subject.environment_id)
    if environment is None:
        return None
    data = environment_now(
        state,
        environment,
        subject.prefix,
        reveal=subject.reveal,
        beginning=head(workspace, environment.slug, state.revision),
    )
    return Heard("snapshot", state.revision, data)


def changes_since(timeline: Timeline, subject: Subject, revision: int) -> list[Heard]:
    """Return what a watcher missed since a revision the timeline reaches back to."""
    found: list[Heard] = []
    for past in timeline.since(revision):
        data = change_data(past, subject)
        if data is not None:
            found.append(Heard("change", past.revision, data))
    return found
