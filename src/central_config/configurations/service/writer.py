"""The transaction in which publications become revisions: many at once, one commit.

Two ways, with the same checks (`plan`) and the same statement (`store.commits`):

- *At once* (`Attempt`): publications are checked against the state this process holds, or on top
  of the attempt before, and committed by one statement that does nothing unless the workspace and
  its audit chain are as they were thought to be. One round trip, one flush.
- *Locked*: the workspaces are locked and the states brought up first. For all else: several
  workspaces at a time, changes that are stored or say something of keys, another replica that
  wrote in between.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog

from central_config.audit.service import Head, lock_heads
from central_config.configurations.cache import Snapshots
from central_config.configurations.model.changes import Outcome, Publication
from central_config.configurations.service.gathering import Gathering, key_rows, stored_changes
from central_config.configurations.service.plan import WorkspacePlan
from central_config.configurations.store import changes as change_store
from central_config.configurations.store import publishing
from central_config.configurations.store.commits import (
    commit_at_once,
    commit_within,
    insert_versions,
    revision_at_once,
)
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, lost_connection, transaction
from central_config.core.lane import Lane, LaneLostError
from central_config.core.pace import unhurried
from central_config.core.problems import Problem
from central_config.core.writer import Attempt as WriterAttempt
from central_config.core.writer import ConnectionLostError
from central_config.secrets.model import Cipher
from central_config.secrets.service import Vault
from central_config.workspaces.service import announcement, lock, notify

log = structlog.get_logger(__name__)

Plans = dict[UUID, WorkspacePlan]
Answers = Sequence[Outcome | Exception]

# Versions written by one statement: encoding more would hold up the event loop for too long.
_VERSIONS_AT_MOST = 2_000
# A batch with more edits is worked through under lock: were it refused for a write of another
# replica, all that work would be done twice.
_AT_ONCE_AT_MOST = 500


class _Known(NamedTuple):
    """What an attempt needs of a workspace besides its state."""

    end: Head
    cipher: Cipher


class Publisher:
    """What the group writer runs: takes publications, commits them, brings this process up."""

    def __init__(
        self, database: Database, snapshots: Snapshots, vault: Vault, clock: Clock
    ) -> None:
        self._database = database
        self._snapshots = snapshots
        self._vault = vault
        self._clock = clock
        self._lane = Lane(database)
        # Where audit chains ended after what this process committed last.
        self._known: dict[UUID, _Known] = {}

    def begin(
        self, first: Publication, before: "WriterAttempt[Publication, Outcome] | None"
    ) -> "Attempt | None":
        """Open an attempt for the publication's workspace; None: it must be locked first."""
        if not self._lane.usable or not _plain(first):
            return None
        moment = self._clock.now()
        if isinstance(before, Attempt):
            if before.plan.state is not self._snapshots.peek(first.workspace_id):
                return None
            plan = WorkspacePlan(before.plan.state, before.plan)
            gathering = Gathering(plan, before.cipher, before.gathering.end, moment)
            return Attempt(self, plan, gathering, before.cipher, before)
        state = self._snapshots.peek(first.workspace_id)
        known = self._known.get(first.workspace_id)
        if state is None or known is None:
            return None
        plan = WorkspacePlan(state)
        return Attempt(self, plan, Gathering(plan, known.cipher, known.end, moment), known.cipher)

    async def run(self, batch: Sequence[Publication]) -> Answers:
        """Publish a batch in one transaction; each item succeeds or is refused on its own.

        Raises:
            ConnectionLostError: the database went away.
        """
        try:
            return await self._locked(batch)
        except Exception as error:
            if lost_connection(error):
                raise ConnectionLostError from error
            raise

    async def commit(self, attempt: "Attempt", payload: str, after: datetime) -> datetime | None:
        """Commit an attempt; return the time of its revisions, or None when nothing was done.

        Raises:
            ConnectionLostError: the database went away.
        """
        workspace_id = attempt.plan.state.workspace_id
        moment = None
        try:
            if attempt.plan.accepted:
                self._snapshots.expect(workspace_id, attempt.plan.revision)
                commit = attempt.gathering.commit(after, payload=payload)
                moment = await commit_at_once(self._lane, commit)
            elif await revision_at_once(self._lane, workspace_id) == attempt.plan.base:
                moment = after  # refusals are true of the last revision too
        except Exception as error:
            self._snapshots.expect(workspace_id, None)
            self._known.pop(workspace_id, None)
            if isinstance(error, LaneLostError) or lost_connection(error):
                raise ConnectionLostError from error
            raise
        if moment is None:
            self._snapshots.expect(workspace_id, None)
            self._known.pop(workspace_id, None)
        else:
            self._known[workspace_id] = _Known(attempt.gathering.end, attempt.cipher)
        return moment

    async def _locked(self, batch: Sequence[Publication]) -> Answers:
        async with transaction(self._database) as connection:
            plans, moments = await self._plans(connection, batch)
            answers = [await _publish_paced(plans.get(each.workspace_id), each) for each in batch]
            active = {each: plan for each, plan in plans.items() if plan.accepted}
            known: dict[UUID, _Known] = {}
            ends = await lock_heads(connection, list(active)) if active else {}
            revisions = {each: plan.accepted[-1].revision for each, plan in active.items()}
            for workspace_id, plan in active.items():
                end, moment = ends[workspace_id], moments[workspace_id]
                known[workspace_id] = await self._store(connection, plan, end, moment)
            if revisions:
                await notify(connection, revisions)
        self._known.update(known)
        for workspace_id, plan in active.items():
            self.take(plan, moments[workspace_id])
        return answers

    async def _plans(
        self, connection: Connection, batch: Sequence[Publication]
    ) -> tuple[Plans, dict[UUID, datetime]]:
        """Lock the workspaces, bring each state up to what is locked; return the time they get."""
        wanted = {publication.workspace_id for publication in batch}
        plans: Plans = {}
        moments: dict[UUID, datetime] = {}
        for workspace_id, locked in (await lock(connection, sorted(wanted))).items():
            state = await self._snapshots.bring_up(connection, workspace_id, locked.revision)
            if state.revision > locked.revision:
                # The database was restored to an earlier moment; what we hold never was.
                self._snapshots.drop(workspace_id)
                state = await self._snapshots.bring_up(connection, workspace_id, locked.revision)
            plans[workspace_id] = WorkspacePlan(state)
            moments[workspace_id] = locked.published_at
        return plans, moments

    async def _store(
        self, connection: Connection, plan: WorkspacePlan, end: Head, moment: datetime
    ) -> _Known:
        """Write a workspace's publications; return where its audit chain ends then."""
        workspace_id = plan.state.workspace_id
        cipher = await self._vault.cipher(workspace_id)
        gathering = Gathering(plan, cipher, end, self._clock.now())
        for accepted in plan.accepted:
            await unhurried(gathering.adding(accepted))
        commit = gathering.commit(plan.based_at, moment=moment)
        while len(commit.versions) > _VERSIONS_AT_MOST:
            block = commit.versions[:_VERSIONS_AT_MOST]
            del commit.versions[:_VERSIONS_AT_MOST]
            await insert_versions(connection, workspace_id, block, moment)
        if await commit_within(connection, commit) is None:
            message = "a locked workspace is not as it was when it was locked"
            raise RuntimeError(message)
        stored = list(stored_changes(plan, moment))
        # Two requests may publish the same change at once; the second finds it published already,
        # and the batch is then run one by one.
        if stored and len(await publishing.publish_changes(connection, stored)) != len(stored):
            raise Problem("wrong-state", "the change was published or rejected meanwhile")
        keys = list(key_rows(plan, moment))
        if keys:
            await publishing.say_of_keys(connection, keys)
        if plan.newly_secret:
            await seal_past(connection, workspace_id, sorted(plan.newly_secret), cipher)
        return _Known(gathering.end, cipher)

    def take(self, plan: WorkspacePlan, moment: datetime) -> None:
        """Bring this process up to what was committed.

        The commit stands whatever happens here: an error must not reach the group writer, which
        would carry everything out again. The state is dropped instead and loaded anew.
        """
        try:
            for accepted in plan.accepted:
                self._snapshots.take(plan.state, accepted.effect, accepted.revision, moment)
        except Exception:
            workspace_id = plan.state.workspace_id
            log.exception("committed revision not taken", workspace=str(workspace_id))
            self._snapshots.drop(workspace_id)


class Attempt:
    """Publications of one workspace, committed at once (see `core.writer.Attempt`)."""

    def __init__(
        self,
        publisher: Publisher,
        plan: WorkspacePlan,
        gathering: Gathering,
        cipher: Cipher,
        before: "Attempt | None" = None,
    ) -> None:
        self.plan = plan
        self.gathering = gathering
        self.cipher = cipher
        self._publisher = publisher
        self._before = before
        self._answers: list[Outcome | Exception] = []
        self._edits = 0
        self._moment: datetime | None = None

    def add(self, item: Publication) -> bool:
        """Check a further publication; False: it is none for this workspace and this way."""
        edits = self._edits + len(item.edits)
        if item.workspace_id != self.plan.state.workspace_id or not _plain(item):
            return False
        if edits > _AT_ONCE_AT_MOST:
            return False
        self._edits = edits
        accepted = len(self.plan.accepted)
        self._answers.append(_publish(self.plan, item))
        if len(self.plan.accepted) > accepted:
            self.gathering.add(self.plan.accepted[-1])
        return True

    async def commit(self) -> list[Outcome | Exception] | None:
        """Commit; return an answer for each publication, or None when nothing was done."""
        before, self._before = self._before, None
        after = self.plan.based_at if before is None else before.moment
        payload = announcement({self.plan.state.workspace_id: self.plan.revision})
        self._moment = await self._publisher.commit(self, payload, after)
        return None if self._moment is None else self._answers

    @property
    def moment(self) -> datetime:
        """The time of its revisions, once it is committed."""
        if self._moment is None:
            message = "it is not committed"
            raise RuntimeError(message)
        return self._moment

    def land(self) -> None:
        """Bring this process up to what was committed."""
        self._publisher.take(self.plan, self.moment)


async def seal_past(
    connection: Connection, workspace_id: UUID, keys: Sequence[str], cipher: Cipher
) -> None:
    """Seal what the keys held before they became secrets, wherever it is stored."""
    versions = await publishing.open_versions(connection, workspace_id, keys)
    await publishing.seal_versions(
        connection,
        [(v, cipher.seal(v.environment_id, v.key, v.body.encode())) for v in versions],
    )
    await change_store.seal_edits(connection, workspace_id, keys, cipher)


def _plain(publication: Publication) -> bool:
    """Tell whether a publication is nothing but values, and not very many."""
    if publication.change_id is not None or len(publication.edits) > _AT_ONCE_AT_MOST:
        return False
    return not any(edit.secret or edit.description is not None for edit in publication.edits)


async def _publish_paced(
    plan: WorkspacePlan | None, publication: Publication
) -> Outcome | Exception:
    """Do the same; a large one gives way to others."""
    if plan is None or len(publication.edits) <= _AT_ONCE_AT_MOST:
        return _publish(plan, publication)
    try:
        return await unhurried(plan.adding(publication))
    except Problem as problem:
        return problem


def _publish(plan: WorkspacePlan | None, publication: Publication) -> Outcome | Exception:
    if plan is None:
        return Problem("workspace-not-found", "the workspace was deleted")
    try:
        return plan.add(publication)
    except Problem as problem:
        return problem
