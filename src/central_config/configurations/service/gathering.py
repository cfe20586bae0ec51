"""From checked publications to the rows they become."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from central_config.audit.model import Chain, Event, Head, Record
from central_config.configurations.model.cells import REMOVED, Cell
from central_config.configurations.model.changes import SET, Edit
from central_config.configurations.service.plan import Accepted, WorkspacePlan
from central_config.configurations.store.commits import Commit
from central_config.configurations.store.rows import (
    KeyRow,
    PublicationRow,
    PublishedRow,
    VersionRow,
)
from central_config.core.ids import as_text
from central_config.core.pace import STRIDE, Steps, at_once
from central_config.secrets.model import Cipher

# Keys named in one audit event; a larger change is told by its own page.
_AUDITED_AT_MOST = 100


class _Named(msgspec.Struct):
    # In the order of the alphabet, as all details of events are written.
    action: str
    environment: str
    key: str
    version: int


class _Published(msgspec.Struct):
    edits: int
    keys: list[_Named]
    kind: str
    message: str
    revision: int
    served_changes: int


class Gathering:
    """The rows of a workspace's publications, each added when it was accepted.

    `end` is where the workspace's audit chain ends before them, and `moment` the time of the audit
    events; revisions get theirs from the database.
    """

    def __init__(self, plan: WorkspacePlan, cipher: Cipher, end: Head, moment: datetime) -> None:
        self._plan = plan
        self._cipher = cipher
        self._before = end
        self._chain = Chain(plan.state.workspace_id, end, moment)
        self._publications: list[PublicationRow] = []
        self._versions: list[VersionRow] = []

    @property
    def end(self) -> Head:
        """Where the audit chain ends after what was added."""
        return self._chain.end

    def add(self, accepted: Accepted) -> None:
        """Add the rows of the publication accepted last."""
        at_once(self.adding(accepted))

    def adding(self, accepted: Accepted) -> Steps[None]:
        """Do what `add` does, in steps."""
        record = self._chain.link(_event(self._plan, accepted))
        self._publications.append(_publication(accepted, record))
        for position, (edit, cell) in enumerate(accepted.steps, 1):
            self._versions.append(_version(accepted, edit, cell, self._cipher))
            if position % STRIDE == 0:
                yield

    def commit(
        self, after: datetime, *, payload: str = "", moment: datetime | None = None
    ) -> Commit:
        """Return what commits them; `after` is the time of the revision before them.

        `moment`: the time of the revisions, where it is decided already.
        """
        return Commit(
            workspace_id=self._plan.state.workspace_id,
            expected=self._plan.base,
            after=after,
            moment=moment,
            linked_at=self._chain.moment,
            end=self._before,
            new_end=self.end,
            publications=self._publications,
            versions=self._versions,
            payload=payload,
        )


def key_rows(plan: WorkspacePlan, moment: datetime) -> Iterator[KeyRow]:
    """Yield what the publications newly say of keys."""
    for accepted in plan.accepted:
        for edit, _ in accepted.steps:
            if edit.secret or edit.description is not None:
                secret = edit.secret and edit.action == SET
                workspace_id = plan.state.workspace_id
                yield KeyRow(workspace_id, edit.key, secret, edit.description, moment)


def stored_changes(plan: WorkspacePlan, moment: datetime) -> Iterator[PublishedRow]:
    """Yield the stored changes that are published."""
    for revision, change_id, publication, _, _ in plan.accepted:
        if publication.change_id is not None:
            name, edition = publication.actor.name, publication.edition
            yield PublishedRow(change_id, revision, moment, name, edition)


def _publication(accepted: Accepted, record: Record) -> PublicationRow:
    publication = accepted.publication
    return PublicationRow(
        record.target,
        accepted.revision,
        publication.change_id is not None,
        publication.kind,
        publication.message,
        record.actor_kind,
        None if record.actor_id is None else as_text(record.actor_id),
        record.actor_name,
        record.request_id,
        record.client_ip,
        len(publication.edits),
        record.details,
        record.previous,
        record.hash,
    )


def _version(accepted: Accepted, edit: Edit, cell: Cell, cipher: Cipher) -> VersionRow:
    body = sealed = None
    if cell.status != REMOVED:
        if cell.secret:
            sealed = cipher.seal(edit.environment_id, edit.key, cell.body)
        else:
            body = cell.body.decode()
    return VersionRow(
        as_text(edit.environment_id),
        edit.key,
        cell.version,
        cell.revision,
        str(accepted.change_id),
        edit.action,
        cell.status,
        body,
        sealed,
    )


def _event(plan: WorkspacePlan, accepted: Accepted) -> Event:
    publication = accepted.publication
    slug = plan.state.topology.slug
    details = _Published(
        edits=len(accepted.steps),
        keys=[
            _Named(edit.action, slug(edit.environment_id), edit.key, cell.version)
            for edit, cell in accepted.steps[:_AUDITED_AT_MOST]
        ],
        kind=publication.kind,
        message=publication.message,
        revision=accepted.revision,
        served_changes=len(accepted.effect.changes),
    )
    return Event(
        action="change.published",
        target=str(accepted.change_id),
        actor=publication.actor,
        workspace_id=plan.state.workspace_id,
        details=details,
    )
