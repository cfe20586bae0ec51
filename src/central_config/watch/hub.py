"""From revisions to watchers: one broadcaster per process.

Guarantees, per watcher: ordered (revisions only grow), unique (none twice), atomic (a revision's
changes of one environment come in one event), reliable and resumable (from any revision: from the
timeline in memory, else from history; where that is gone, a `snapshot` event replaces everything).
"""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

import structlog

from central_config.configurations.model.rendering import environment_body, head
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service import Step
from central_config.core.metrics import WATCH_CUT, WATCH_EVENTS, WATCHERS
from central_config.watch.model import Heard, Past, Subject, Timeline, change_data

log = structlog.get_logger(__name__)

# Events a watcher may lag behind before it is cut; it resumes from its last revision.
QUEUE_LIMIT = 64


class Watcher:
    """One open watch: events to be sent, in order. `None` in the queue ends it."""

    def __init__(self, subject: Subject, workspace: str) -> None:
        self.subject = subject
        self.workspace = workspace
        self.queue: asyncio.Queue[Heard | None] = asyncio.Queue(QUEUE_LIMIT + 1)
        self.open = True

    def push(self, heard: Heard) -> None:
        """Hand over an event; a watcher that lags too far is cut instead of waited for."""
        if not self.open:
            return
        if self.queue.qsize() >= QUEUE_LIMIT:
            WATCH_CUT.inc()
            self.close()
            return
        WATCH_EVENTS.inc()
        self.queue.put_nowait(heard)

    def close(self) -> None:
        """End the watch after what is queued."""
        if self.open:
            self.open = False
            self.queue.put_nowait(None)


class Followed(NamedTuple):
    """A workspace somebody watched in this process; `secrets` counts its secret keys."""

    timeline: Timeline
    watchers: set[Watcher]
    secrets: int


class Hub:
    """All watches of this process."""

    def __init__(self) -> None:
        self._followed: dict[UUID, Followed] = {}

    def take(self, step: Step) -> None:
        """Hear of one revision and tell the watchers. Called for each, in order."""
        followed = self._followed.get(step.state.workspace_id)
        if followed is None:
            return
        if step.gone:
            # Nothing is kept of it: should it come back, it may have another past.
            del self._followed[step.state.workspace_id]
            for watcher in followed.watchers:
                watcher.close()
                WATCHERS.labels("open").dec()
            return
        if step.changes is None:
            self._start_anew(step.state, followed)
            return
        past = Past(step.revision, step.changes)
        if len(step.state.secret_keys) > followed.secrets:
            # What the timeline says of a key that became a secret is in clear; history is sealed.
            self._forget_past(step.state, followed)
        else:
            followed.timeline.append(past)
        if step.changes:
            _tell(past, followed.watchers)

    def timeline(self, state: WorkspaceState) -> Timeline:
        """Return the timeline of a workspace; it begins with the first interest in it."""
        followed = self._followed.get(state.workspace_id)
        if followed is None:
            followed = Followed(Timeline(state.revision), set(), len(state.secret_keys))
            self._followed[state.workspace_id] = followed
        return followed.timeline

    def add(self, watcher: Watcher) -> None:
        """Tell a watcher of every revision from now on."""
        self._followed[watcher.subject.workspace_id].watchers.add(watcher)
        WATCHERS.labels("open").inc()

    def remove(self, watcher: Watcher) -> None:
        """Forget a watcher."""
        followed = self._followed.get(watcher.subject.workspace_id)
        if followed is not None and watcher in followed.watchers:
            followed.watchers.remove(watcher)
            WATCHERS.labels("open").dec()

    def close(self) -> None:
        """End every watch, so that the process can stop; clients come back elsewhere."""
        for followed in self._followed.values():
            for watcher in list(followed.watchers):
                watcher.close()

    def _forget_past(self, state: WorkspaceState, followed: Followed) -> None:
        timeline, secrets = Timeline(state.revision), len(state.secret_keys)
        self._followed[state.workspace_id] = Followed(timeline, followed.watchers, secrets)

    def _start_anew(self, state: WorkspaceState, followed: Followed) -> None:
        self._forget_past(state, followed)
        rendered: dict[tuple[Subject, str], Heard | None] = {}
        for watcher in list(followed.watchers):
            asked = watcher.subject, watcher.workspace
            if asked not in rendered:
                rendered[asked] = snapshot(state, watcher)
            heard = rendered[asked]
            if heard is None:
                watcher.close()
            else:
                watcher.push(heard)


def _tell(past: Past, watchers: Iterable[Watcher]) -> None:
    rendered: dict[Subject, Heard | None] = {}
    for watcher in list(watchers):
        subject = watcher.subject
        if subject not in rendered:
            data = change_data(past, subject)
            rendered[subject] = None if data is None else Heard("change", past.revision, data)
        heard = rendered[subject]
        if heard is not None:
            watcher.push(heard)


def snapshot(state: WorkspaceState, watcher: Watcher) -> Heard | None:
    """Return everything a watcher watches as one event; None when its environment is gone."""
    subject = watcher.subject
    environment = state.topology.by_id.get(subject.environment_id)
    if environment is None:
        return None
    body = environment_body(state.entries(environment.id, subject.prefix), reveal=subject.reveal)
    data = head(watcher.workspace, environment.slug, state.revision) + body
    return Heard("snapshot", state.revision, data)


def changes_since(timeline: Timeline, subject: Subject, revision: int) -> list[Heard]:
    """Return what a watcher missed since a revision the timeline reaches back to."""
    found: list[Heard] = []
    for past in timeline.since(revision):
        data = change_data(past, subject)
        if data is not None:
            found.append(Heard("change", past.revision, data))
    return found
