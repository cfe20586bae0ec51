"""Checking publications one after the other, and gathering the rows they become.

Runs inside the writer's transaction, with the workspaces locked and their states brought up to the
locked revision, and does no I/O: what it refuses has left no trace, what it accepts is certain to
be consistent.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from central_config.audit.model import Event
from central_config.configurations.model.candidate import Candidate
from central_config.configurations.model.cells import (
    ACTIVE,
    REMOVED,
    Cell,
    Effect,
    Placed,
    ServedChange,
    Site,
)
from central_config.configurations.model.changes import (
    PUBLISHED,
    REMOVE,
    SET,
    Change,
    Condition,
    Edit,
    Outcome,
    Publication,
)
from central_config.configurations.model.schemas import ENFORCE, Violation, violations
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.model.views import effective, name, touched
from central_config.configurations.store.rows import KeyRow, VersionRow
from central_config.core.ids import new_id
from central_config.core.json import JSON
from central_config.core.problems import FieldError, Problem
from central_config.secrets.model import Cipher
from central_config.workspaces.model import Locked, RevisionRow

# Conflicts and violations named in one answer; the rest is counted.
_NAMED_AT_MOST = 50
# Keys named in one audit event; a larger change is told by its own page.
_AUDITED_AT_MOST = 100


class Accepted(NamedTuple):
    """What one publication adds: its place in the timeline and its effect."""

    revision: int
    published_at: datetime
    effect: Effect


class WorkspacePlan:
    """The publications of one batch into one workspace."""

    def __init__(self, state: WorkspaceState, locked: Locked, cipher: Cipher) -> None:
        self.state = state
        self._cipher = cipher
        self._candidate = Candidate(state)
        self._revision = locked.revision
        self._moment = locked.published_at
        self._secret_keys = set(state.secret_keys)
        self.accepted: list[Accepted] = []
        self.versions: list[VersionRow] = []
        self.revisions: list[RevisionRow] = []
        self.changes: list[Change] = []
        self.published: list[Change] = []
        self.keys: list[KeyRow] = []
        self.events: list[Event] = []
        self.newly_secret: set[str] = set()

    def add(self, publication: Publication) -> Outcome:
        """Take a publication as the next revision.

        Raises:
            Problem: it is refused and nothing of it was taken.
        """
        self._check_environments(publication)
        self._check_condition(publication)
        self._check_approval(publication)
        secret_keys = self._secret_keys | {
            edit.key for edit in publication.edits if edit.secret and edit.action == SET
        }
        steps = [(edit, self._cell(edit, secret_keys)) for edit in publication.edits]
        steps = [(edit, cell) for edit, cell in steps if cell is not None]
        if not steps:
            return self._unchanged(publication)
        created = self._creates(publication.edits)
        cells = [Placed(Site(edit.environment_id, edit.key), cell) for edit, cell in steps]
        warned: list[Violation] = []

        def check(found: Sequence[ServedChange]) -> None:
            self._check_reach(publication, found)
            warned.extend(self._judge(found))

        effect = self._candidate.lay(cells, check=check)
        self._revision += 1
        change = self._change(publication)
        self._gather(publication, change, steps)
        self.accepted.append(Accepted(self._revision, self._moment, effect))
        self.events.append(self._event(publication, change, steps, len(effect.changes)))
        self.newly_secret |= secret_keys - self._secret_keys
        self._secret_keys = secret_keys
        return Outcome(
            revision=self._revision,
            changed=True,
            change_id=change.id,
            versions=tuple(cell.version for _, cell in cells),
            created=created,
            warnings=tuple(describe(violation) for violation in warned),
        )

    def _unchanged(self, publication: Publication) -> Outcome:
        """Answer a publication that asks for what is so already; it takes no revision."""
        if publication.change_id is not None:
            raise Problem("wrong-state", "every edit of the change is in force already; reject it")
        versions: list[int] = []
        for edit in publication.edits:
            cell = self._candidate.own(Site(edit.environment_id, edit.key))
            versions.append(0 if cell is None else cell.version)
        return Outcome(self._revision, False, None, tuple(versions), False, ())

    def _creates(self, edits: Sequence[Edit]) -> bool:
        for edit in edits:
            own = self._candidate.own(Site(edit.environment_id, edit.key))
            if own is None or own.status == REMOVED:
                return True
        return False

    def _check_environments(self, publication: Publication) -> None:
        known = self._candidate.topology.by_id
        if any(edit.environment_id not in known for edit in publication.edits):
            raise Problem("environment-not-found", "the environment was deleted meanwhile")

    def _check_condition(self, publication: Publication) -> None:
        condition = publication.condition
        conflicts: list[JSON] = []
        for edit in publication.edits:
            site = Site(edit.environment_id, edit.key)
            last = touched(self._candidate, site)
            own = self._candidate.own(site)
            # An archived value is there too: it must not be overwritten blindly either.
            held = own is not None and own.status != REMOVED
            served = held or effective(self._candidate, site) is not None
            if condition.absent and served:
                raise Problem(
                    "revision-conflict",
                    f"{name(self._candidate, site)} exists already",
                    extra={"current_revision": last},
                )
            if condition.required and served and condition.since is None:
                raise Problem(
                    "revision-required",
                    f"{name(self._candidate, site)} exists; say which revision of it you saw",
                    extra={"current_revision": last},
                )
            if condition.since is not None and last > condition.since:
                conflicts.append(self._conflict(site, last, condition))
        if condition.since is not None and condition.since > self._revision:
            raise Problem(
                "revision-conflict",
                f"revision {condition.since} does not exist here; the last is {self._revision}",
                extra={"current_revision": self._revision},
            )
        if conflicts:
            raise self._conflicting(publication, conflicts)

    def _conflict(self, site: Site, last: int, condition: Condition) -> dict[str, JSON]:
        return {
            "environment": self._candidate.topology.slug(site.environment_id),
            "key": site.key,
            "base_revision": condition.since,
            "current_revision": last,
        }

    def _conflicting(self, publication: Publication, conflicts: list[JSON]) -> Problem:
        single = publication.change_id is None and publication.kind == "write"
        first = conflicts[0]
        assert isinstance(first, dict)  # noqa: S101 - built three lines up
        detail = (
            f"{first['environment']}:{first['key']} was changed by revision "
            f"{first['current_revision']}, after revision {first['base_revision']} you started from"
        )
        if len(conflicts) > 1:
            detail += f", and {len(conflicts) - 1} other keys were too"
        return Problem(
            "revision-conflict" if single else "change-conflict",
            detail,
            extra={
                "current_revision": first["current_revision"],
                "conflicts": conflicts[:_NAMED_AT_MOST],
            },
        )

    def _check_approval(self, publication: Publication) -> None:
        """Refuse edits of a protected environment that nobody approved."""
        self._refuse_protected(publication, {edit.environment_id for edit in publication.edits})

    def _check_reach(self, publication: Publication, changes: Sequence[ServedChange]) -> None:
        """Refuse what a protected environment would serve differently without an approval.

        By inheritance, by reference, or because a key becomes a secret: what counts is what its
        readers would see, not where the edit was made.
        """
        self._refuse_protected(publication, {change.site.environment_id for change in changes})

    def _refuse_protected(self, publication: Publication, reached: set[UUID]) -> None:
        if publication.approved:
            return
        for environment_id in sorted(reached):
            environment = self._candidate.topology.by_id[environment_id]
            if environment.requires_approval:
                detail = f"it would change {environment.slug}, which requires an approved change"
                raise Problem("approval-required", detail)

    def _cell(self, edit: Edit, secret_keys: set[str]) -> Cell | None:
        """Return the cell an edit makes; None when it is so already."""
        site = Site(edit.environment_id, edit.key)
        own = self._candidate.own(site)
        present = own if own is not None and own.status != REMOVED else None
        secret = edit.key in secret_keys
        version = 1 if own is None else own.version + 1
        revision = self._revision + 1
        if edit.action == SET:
            status = edit.status or (ACTIVE if present is None else _served_again(present.status))
            made = Cell(edit.body, status, version, revision, secret)
        elif present is None:
            detail = f"{name(self._candidate, site)} holds no value of its own"
            raise Problem("key-not-found", detail)
        elif edit.action == REMOVE:
            made = Cell(b"", REMOVED, version, revision, secret=False)
        elif not present.body:
            detail = f"the value of {name(self._candidate, site)} is damaged; write it again"
            raise Problem("wrong-state", detail)
        else:
            made = Cell(present.body, edit.status or ACTIVE, version, revision, secret)
        # "It is so already" would confirm a guess to somebody who may not see the secret.
        guessable = secret and edit.action == SET
        same = present is not None and not guessable and _same(present, made)
        if same and edit.description is None:
            return None
        return made

    def _judge(self, changes: Sequence[ServedChange]) -> list[Violation]:
        """Return what merely warns; refuse what an enforced rule forbids."""
        if not self.state.rules:
            return []
        found: list[Violation] = []
        for site, before, after in changes:
            if after is None or (before is not None and before.body == after.body):
                continue
            environment = self._candidate.topology.slug(site.environment_id)
            secret = after.secret or site.key in self._secret_keys
            found += violations(self.state.rules, environment, site.key, after.body, secret=secret)
        forbidden = [violation for violation in found if violation.mode == ENFORCE]
        if forbidden:
            raise Problem(
                "schema-violation",
                describe(forbidden[0]),
                errors=[
                    FieldError(f"/{v.key}{v.pointer}", describe(v))
                    for v in forbidden[:_NAMED_AT_MOST]
                ],
            )
        return found

    def _change(self, publication: Publication) -> Change:
        actor = publication.actor
        change = Change(
            id=publication.change_id or new_id(),
            workspace_id=publication.workspace_id,
            status=PUBLISHED,
            kind=publication.kind,
            message=publication.message,
            author_kind=actor.kind,
            author_id=actor.id,
            author_name=actor.name,
            base_revision=self._revision - 1,
            revision=self._revision,
            created_at=self._moment,
            published_at=self._moment,
            published_by=actor.name,
            edit_count=len(publication.edits),
            edition=publication.edition,
            responsible_id=actor.id,
        )
        (self.changes if publication.change_id is None else self.published).append(change)
        self.revisions.append(
            RevisionRow(
                workspace_id=publication.workspace_id,
                revision=self._revision,
                kind="change",
                published_at=self._moment,
                actor_name=actor.name,
                message=publication.message,
                change_id=change.id,
            )
        )
        return change

    def _gather(
        self, publication: Publication, change: Change, steps: Sequence[tuple[Edit, Cell]]
    ) -> None:
        for edit, cell in steps:
            clear = None if cell.secret or cell.status == REMOVED else cell.body.decode()
            sealed = None
            if cell.secret and cell.status != REMOVED:
                sealed = self._cipher.seal(edit.environment_id, edit.key, cell.body)
            self.versions.append(
                VersionRow(
                    workspace_id=publication.workspace_id,
                    environment_id=edit.environment_id,
                    key=edit.key,
                    version=cell.version,
                    revision=cell.revision,
                    change_id=change.id,
                    action=edit.action,
                    status=cell.status,
                    body=clear,
                    sealed=sealed,
                    moment=self._moment,
                )
            )
            if edit.secret or edit.description is not None:
                self.keys.append(
                    KeyRow(
                        publication.workspace_id,
                        edit.key,
                        edit.secret and edit.action == SET,
                        edit.description,
                        self._moment,
                    )
                )

    def _event(
        self,
        publication: Publication,
        change: Change,
        steps: Sequence[tuple[Edit, Cell]],
        effects: int,
    ) -> Event:
        keys: list[JSON] = [
            {
                "environment": self._candidate.topology.slug(edit.environment_id),
                "key": edit.key,
                "action": edit.action,
                "version": cell.version,
            }
            for edit, cell in steps[:_AUDITED_AT_MOST]
        ]
        return Event(
            action="change.published",
            target=str(change.id),
            actor=publication.actor,
            workspace_id=publication.workspace_id,
            details={
                "revision": self._revision,
                "kind": publication.kind,
                "message": publication.message,
                "edits": len(steps),
                "served_changes": effects,
                "keys": keys,
            },
        )


def _served_again(status: str) -> str:
    """A value set where the old one was archived is served; a deprecated one stays deprecated."""
    return ACTIVE if status == "archived" else status


def _same(present: Cell, made: Cell) -> bool:
    return (
        present.body == made.body
        and present.status == made.status
        and present.secret == made.secret
    )


def describe(violation: Violation) -> str:
    """Return a violation as a sentence."""
    place = f" at {violation.pointer}" if violation.pointer else ""
    return (
        f"{violation.environment}:{violation.key}{place}: {violation.detail} "
        f"(rule {violation.rule})"
    )
