"""The transaction in which publications become revisions: many at once, one commit."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from central_config.audit.service import record
from central_config.configurations.cache import Snapshots
from central_config.configurations.model.changes import Change, Outcome, Publication
from central_config.configurations.service.plan import WorkspacePlan
from central_config.configurations.store import changes as change_store
from central_config.configurations.store import publishing
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, lost_connection, transaction
from central_config.core.problems import Problem
from central_config.core.writer import ConnectionLostError
from central_config.secrets.model import Cipher
from central_config.secrets.service import Vault
from central_config.workspaces.service import advance, lock

log = structlog.get_logger(__name__)

Plans = dict[UUID, WorkspacePlan]


class Publisher:
    """What the group writer runs: takes a batch, commits it, brings this process up to date."""

    def __init__(
        self, database: Database, snapshots: Snapshots, vault: Vault, clock: Clock
    ) -> None:
        self._database = database
        self._snapshots = snapshots
        self._vault = vault
        self._clock = clock

    async def run(self, batch: Sequence[Publication]) -> Sequence[Outcome | Exception]:
        """Publish a batch in one transaction; each item succeeds or is refused on its own.

        Raises:
            ConnectionLostError: the database went away.
        """
        try:
            async with transaction(self._database) as connection:
                plans = await self._plans(connection, batch)
                answers = [_attempt(plans, publication) for publication in batch]
                await self._store(connection, plans)
        except Exception as error:
            if lost_connection(error):
                raise ConnectionLostError from error
            raise
        self._take(plans)
        return answers

    async def _plans(self, connection: Connection, batch: Sequence[Publication]) -> Plans:
        """Lock the workspaces and bring each state up to what is locked."""
        wanted = {publication.workspace_id for publication in batch}
        plans: Plans = {}
        for workspace_id, locked in (await lock(connection, sorted(wanted))).items():
            state = await self._snapshots.bring_up(connection, workspace_id, locked.revision)
            if state.revision > locked.revision:
                # The database was restored to an earlier moment; what we hold never was.
                self._snapshots.drop(workspace_id)
                state = await self._snapshots.bring_up(connection, workspace_id, locked.revision)
            cipher = await self._vault.cipher(workspace_id)
            plans[workspace_id] = WorkspacePlan(state, locked, cipher)
        return plans

    async def _store(self, connection: Connection, plans: Plans) -> None:
        active = [plan for plan in plans.values() if plan.accepted]
        if not active:
            return
        direct = [change for plan in active for change in plan.changes]
        stored = [change for plan in active for change in plan.published]
        keys = [row for plan in active for row in plan.keys]
        await publishing.insert_versions(connection, [r for plan in active for r in plan.versions])
        if direct:
            await publishing.insert_changes(connection, direct)
        if stored:
            await _publish_stored(connection, stored)
        if keys:
            await publishing.say_of_keys(connection, keys)
        for workspace_id, plan in plans.items():
            if plan.newly_secret:
                cipher = await self._vault.cipher(workspace_id)
                await seal_past(connection, workspace_id, sorted(plan.newly_secret), cipher)
        await record(connection, [e for plan in active for e in plan.events], self._clock)
        await advance(connection, [row for plan in active for row in plan.revisions])

    def _take(self, plans: Plans) -> None:
        """Bring this process up to what was committed.

        The commit stands whatever happens here: an error must not reach the group writer, which
        would carry everything out again. The state is dropped instead and loaded anew.
        """
        for workspace_id, plan in plans.items():
            try:
                for accepted in plan.accepted:
                    self._snapshots.take(
                        plan.state, accepted.effect, accepted.revision, accepted.published_at
                    )
            except Exception:
                log.exception("committed revision not taken", workspace=str(workspace_id))
                self._snapshots.drop(workspace_id)


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


async def _publish_stored(connection: Connection, stored: Sequence[Change]) -> None:
    """Mark stored changes as published.

    Two requests may publish the same change at once; the second finds it published already, and
    the batch is then run one by one.
    """
    done = await publishing.publish_changes(connection, stored)
    if len(done) != len(stored):
        raise Problem("wrong-state", "the change was published or rejected meanwhile")


def _attempt(plans: Plans, publication: Publication) -> Outcome | Exception:
    plan = plans.get(publication.workspace_id)
    if plan is None:
        return Problem("workspace-not-found", "the workspace was deleted")
    try:
        return plan.add(publication)
    except Problem as problem:
        return problem
