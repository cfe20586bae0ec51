"""Checking publications one after the other on top of a workspace at one revision.

It does no I/O and changes nothing: what it refuses has left no trace, what it accepts is certain
to be consistent as long as the workspace is still at that revision when it is committed.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID

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
    REMOVE,
    SET,
    Condition,
    Edit,
    Outcome,
    Publication,
)
from central_config.configurations.model.schemas import ENFORCE, Violation, violations
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.model.views import effective, name, touched
from central_config.core.ids import new_id, quick
from central_config.core.json import JSON
from central_config.core.pace import STRIDE, Steps, at_once
from central_config.core.problems import FieldError, Problem

# Conflicts and violations named in one answer; the rest is counted.
_NAMED_AT_MOST = 50


class Accepted(NamedTuple):
    """What one publication adds: its place in the timeline, the cells it makes, its effect."""

    revision: int
    change_id: UUID
    publication: Publication
    steps: Sequence[tuple[Edit, Cell]]
    effect: Effect


class WorkspacePlan:
    """The publications of one batch into one workspace."""

    def __init__(self, state: WorkspaceState, before: "WorkspacePlan | None" = None) -> None:
        """Begin on top of a state, or of a plan that is about to be committed to it."""
        self.state = state
        self.based_at = state.published_at
        self.newly_secret: set[str] = set()
        self._secret_keys = state.secret_keys
        self._protected = {
            each.id for each in state.topology.by_id.values() if each.requires_approval
        }
        self._candidate = Candidate(state)
        self._revision = state.revision
        if before is not None:
            self._revision = before.revision
            self.newly_secret |= before.newly_secret
            for accepted in before.accepted:
                self._candidate.adopt(accepted.effect)
        self.base = self._revision
        self.accepted: list[Accepted] = []

    @property
    def revision(self) -> int:
        """The revision of the last publication taken."""
        return self._revision

    def add(self, publication: Publication) -> Outcome:
        """Take a publication as the next revision.

        Raises:
            Problem: it is refused and nothing of it was taken.
        """
        return at_once(self.adding(publication))

    def adding(self, publication: Publication) -> Steps[Outcome]:
        """Do what `add` does, in steps; nothing else may be added meanwhile."""
        self._check_environments(publication)
        created = yield from self._check_condition(publication)
        self._check_approval(publication)
        newly_secret = {
            edit.key
            for edit in publication.edits
            if edit.secret and edit.action == SET and not self._is_secret(edit.key)
        }
        steps: list[tuple[Edit, Cell]] = []
        cells: list[Placed] = []
        for position, edit in enumerate(publication.edits, 1):
            if position % STRIDE == 0:
                yield
            site = Site(edit.environment_id, edit.key)
            secret = edit.key in newly_secret or self._is_secret(edit.key)
            cell = self._cell(edit, site, secret=secret)
            if cell is not None:
                steps.append((edit, cell))
                cells.append(Placed(site, cell))
        if not steps:
            return self._unchanged(publication)
        warned: list[Violation] = []
        check = partial(self._check_effect, publication, warned)
        effect = yield from self._candidate.laying(cells, check=check)
        self._revision += 1
        change_id = publication.change_id or quick(new_id())
        self.accepted.append(Accepted(self._revision, change_id, publication, steps, effect))
        self.newly_secret |= newly_secret
        return Outcome(
            revision=self._revision,
            changed=True,
            change_id=change_id,
            versions=tuple([cell.version for _, cell in steps]),
            created=created,
            warnings=tuple([describe(violation) for violation in warned]),
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

    def _check_environments(self, publication: Publication) -> None:
        known = self._candidate.topology.by_id
        for edit in publication.edits:
            if edit.environment_id not in known:
                raise Problem("environment-not-found", "the environment was deleted meanwhile")

    def _check_condition(self, publication: Publication) -> Steps[bool]:
        """Refuse what the condition does not allow; tell whether the edits create a value."""
        condition = publication.condition
        conflicts: list[JSON] = []
        created = False
        for position, edit in enumerate(publication.edits, 1):
            if position % STRIDE == 0:
                yield
            site = Site(edit.environment_id, edit.key)
            last = touched(self._candidate, site)
            own = self._candidate.own(site)
            # An archived value is there too: it must not be overwritten blindly either.
            held = own is not None and own.status != REMOVED
            created = created or not held
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
        self._check_seen(condition.since)
        if conflicts:
            raise self._conflicting(publication, conflicts)
        return created

    def _check_seen(self, since: int | None) -> None:
        """Refuse a revision that nobody can have seen here, or that is not true any more."""
        if since is None:
            return
        words = None
        if since > self._revision:
            words = f"revision {since} does not exist here; the last is {self._revision}"
        elif self.state.lost(since):
            words = f"revision {since} was lost when the database was restored"
        if words is not None:
            raise Problem("revision-conflict", words, extra={"current_revision": self._revision})

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
        if self._protected:
            reached = {edit.environment_id for edit in publication.edits}
            self._refuse_protected(publication, reached)

    def _check_reach(self, publication: Publication, changes: Sequence[ServedChange]) -> None:
        """Refuse what a protected environment would serve differently without an approval.

        By inheritance, by reference, or because a key becomes a secret: what counts is what its
        readers would see, not where the edit was made.
        """
        if self._protected:
            reached = {change.site.environment_id for change in changes}
            self._refuse_protected(publication, reached)

    def _refuse_protected(self, publication: Publication, reached: set[UUID]) -> None:
        if publication.approved:
            return
        for environment_id in sorted(reached & self._protected):
            slug = self._candidate.topology.slug(environment_id)
            detail = f"it would change {slug}, which requires an approved change"
            raise Problem("approval-required", detail)

    def _cell(self, edit: Edit, site: Site, *, secret: bool) -> Cell | None:
        """Return the cell an edit makes; None when it is so already."""
        own = self._candidate.own(site)
        present = own if own is not None and own.status != REMOVED else None
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

    def _check_effect(
        self, publication: Publication, warned: list[Violation], changes: Sequence[ServedChange]
    ) -> Steps[None]:
        """Refuse what readers must not see; add what merely warns to `warned`."""
        self._check_reach(publication, changes)
        if self.state.rules:
            warned += yield from self._judge(changes)

    def _is_secret(self, key: str) -> bool:
        return key in self._secret_keys or key in self.newly_secret

    def _judge(self, changes: Sequence[ServedChange]) -> Steps[list[Violation]]:
        """Return what merely warns; refuse what an enforced rule forbids."""
        found: list[Violation] = []
        for position, (site, before, after) in enumerate(changes, 1):
            if position % STRIDE == 0:
                yield
            if after is None or (before is not None and before.body == after.body):
                continue
            environment = self._candidate.topology.slug(site.environment_id)
            secret = after.secret or self._is_secret(site.key)
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
