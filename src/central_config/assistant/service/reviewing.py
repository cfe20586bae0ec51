"""Reviews of changes: found at once by code; worded, if somebody asks, by a model in a job."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
import structlog

from central_config.access.model import Caller
from central_config.assistant.model.reviews.checks.weakening import weakened
from central_config.assistant.model.reviews.findings import Finding, in_order
from central_config.assistant.model.reviews.prompt import PROMPT_VERSION
from central_config.assistant.model.reviews.review import (
    Asker,
    Content,
    Review,
    Stored,
    Wording,
    fingerprint,
)
from central_config.assistant.model.reviews.secrecy import detectors
from central_config.assistant.service.examining import examining
from central_config.assistant.service.sealing import opened, sealed
from central_config.assistant.store import reviews as store
from central_config.configurations.model.cells import Site
from central_config.configurations.model.changes import PUBLISHED, Change, Edit
from central_config.configurations.model.keys import check_pattern, matches
from central_config.configurations.model.schemas import SchemaRule, check_schema
from central_config.configurations.model.state import WorkspaceState
from central_config.configurations.service import Snapshots
from central_config.configurations.service.changing import Changing
from central_config.configurations.service.history import History, Version
from central_config.configurations.service.rules import Rules
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, transaction
from central_config.core.ids import new_id
from central_config.core.jobs import store as jobs
from central_config.core.jobs.model import QUEUED, RUNNING
from central_config.core.jobs.queue import JobQueue
from central_config.core.json import JSON, decode
from central_config.core.pace import Steps, unhurried
from central_config.core.problems import Problem
from central_config.secrets.model import SealBrokenError
from central_config.secrets.service import Vault

log = structlog.get_logger(__name__)

# The job that asks the model, and how many of them there may be at a time: one of a workspace.
WORD_REVIEW = "assistant.word_review"
_JOBS = 10
# Seconds after which whoever was refused may try again: a model takes about as long.
_RETRY_AFTER = 20
# Words nobody has written by then will not come: the job failed, or there is no worker for it.
PATIENCE = timedelta(minutes=5)
# Keys whose past is looked at (a statement each), and versions of each.
_PASTS, _VERSIONS = 40, 10


class Tools(NamedTuple):
    """What reviewing works with."""

    database: Database
    snapshots: Snapshots
    changing: Changing
    history: History
    rules: Rules
    queue: JobQueue
    vault: Vault
    clock: Clock


class _Looked(NamedTuple):
    """A change with what is to be examined of it, beside the state it is compared with."""

    change: Change
    edits: Sequence[Edit]
    state: WorkspaceState


class Reviewing:
    """Reviews what a caller may see of a change."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def review(self, caller: Caller, change_id: UUID) -> Review:
        """Examine a change against what is in force; a published one against what was before it.

        Raises:
            Problem: `not-found`; `revision-compacted` for a published one whose past is forgotten.
        """
        await asyncio.to_thread(detectors)  # the first time it imports for a while
        looked = await self._look(caller, change_id)
        past = await self._past(caller, looked)
        async with self._tools.database.connect() as connection:
            policies = await store.policies(connection, caller.place.id)
        examined = await unhurried(examining(caller, looked.state, looked.edits, past, policies))
        change = looked.change
        stored = await self._stored(change, examined.findings)
        return Review(
            change=change,
            findings=examined.findings,
            looked_at=examined.looked_at,
            values=examined.changes,
            withheld=max(change.edit_count - len(looked.edits), 0),
            revision=looked.state.revision,
            wording=None if stored is None else self._wording(stored),
        )

    async def explain(self, caller: Caller, change_id: UUID) -> Review:
        """Have a model word a review; the answer says `queued` until a worker has asked it.

        Raises:
            Problem: as `review`; `too-many-requests` while another one of the workspace is worded,
                or too many of all.
        """
        review = await self.review(caller, change_id)
        if review.wording is not None and review.wording.status != "away":
            return review
        known = await self._stored(review.change, review.findings)
        asked = self._asked(caller, review)
        async with transaction(self._tools.database) as connection:
            if not await store.ask(connection, asked, instead_of=known):
                return msgspec.structs.replace(review, wording=_QUEUED)  # somebody else just did
            job_id = await _enqueued(connection, caller.place.id, asked.id)
        await self._tools.queue.dispatch(job_id)
        return msgspec.structs.replace(review, wording=_QUEUED)

    async def review_rule(
        self, caller: Caller, name: str, values: Mapping[str, str] | None
    ) -> list[Finding]:
        """Tell how a schema rule would be weaker with other values; None: if it were deleted.

        Raises:
            Problem: `not-found`; `invalid-schema` or `invalid-request` for values that are none.
        """
        old = await self._tools.rules.get(caller, name)
        new = None if values is None else msgspec.structs.replace(old, **values)
        if new is not None:
            check_pattern(new.pattern)
            check_schema(new.schema)
        state = await self._tools.snapshots.get(caller.place.id)
        lost = await unhurried(_lost(caller, state, old, new))
        return in_order(weakened(old, new, lost))

    async def _look(self, caller: Caller, change_id: UUID) -> _Looked:
        tools = self._tools
        change, edits, state = await tools.changing.show(caller, change_id)
        if change.status != PUBLISHED or change.revision is None:
            return _Looked(change, edits, state)
        _, versions, _ = await tools.history.revision(caller, change.revision)
        before = await tools.snapshots.at(caller.place.id, change.revision - 1)
        made = [
            Edit(it.environment_id, it.key, it.action, it.body, it.status, it.secret)
            for it in versions
        ]
        return _Looked(change, made, before)

    async def _past(self, caller: Caller, looked: _Looked) -> dict[Site, tuple[JSON, ...]]:
        """Return earlier values of the first keys, as readers of the environment saw them."""
        found: dict[Site, tuple[JSON, ...]] = {}
        topology = looked.state.topology
        open_ = [edit for edit in looked.edits if edit.key not in looked.state.secret_keys]
        for edit in open_[:_PASTS]:
            if edit.environment_id not in topology.by_id:
                continue
            slug = topology.slug(edit.environment_id)
            try:
                versions, _ = await self._tools.history.versions(
                    caller, slug, edit.key, inherited=True, before=None, limit=_VERSIONS
                )
            except Problem as problem:
                if problem.code != "key-not-found":
                    raise
                continue  # it never had a value
            values = await unhurried(_earlier(versions, looked.state.revision))
            # Heirs that show the same value share its past.
            for below in topology.subtree(edit.environment_id):
                found.setdefault(Site(below, edit.key), values)
        return found

    async def _stored(self, change: Change, findings: Sequence[Finding]) -> Stored | None:
        name = fingerprint(findings, PROMPT_VERSION)
        async with self._tools.database.connect() as connection:
            return await store.find(connection, change.id, change.edition, name)

    def _wording(self, stored: Stored) -> Wording | None:
        """Return what became of asking; None where that cannot be read any more."""
        try:
            wording = opened(self._tools.vault, stored.content).wording
        except (SealBrokenError, msgspec.MsgspecError):  # another key, or another version's form
            log.warning("the words of a review cannot be read", review=str(stored.id))
            return None
        if stored.status == "queued" and stored.asked_at < self._tools.clock.now() - PATIENCE:
            return _NOBODY
        return wording

    def _asked(self, caller: Caller, review: Review) -> Stored:
        change = review.change
        content = Content(
            workspace_id=caller.place.id,
            workspace=caller.place.slug,
            asker=Asker(caller.actor.kind, caller.actor.id, caller.actor.name),
            change_id=change.id,
            message=change.message,
            findings=tuple(review.findings),
            wording=_QUEUED,
        )
        return Stored(
            id=new_id(),
            change_id=change.id,
            edition=change.edition,
            fingerprint=fingerprint(review.findings, PROMPT_VERSION),
            status="queued",
            content=sealed(self._tools.vault, content),
            asked_by=caller.actor.name,
            asked_at=self._tools.clock.now(),
        )


async def _enqueued(connection: Connection, workspace_id: UUID, review_id: UUID) -> UUID:
    """Enqueue the job that words a review.

    Raises:
        Problem: `too-many-requests`: readers may not fill the queue that everybody's work is in.
    """
    waiting = [
        *await jobs.page(connection, {"kind": WORD_REVIEW, "status": QUEUED}, None, _JOBS),
        *await jobs.page(connection, {"kind": WORD_REVIEW, "status": RUNNING}, None, _JOBS),
    ]
    if len(waiting) >= _JOBS:
        detail = "the model is asked for the words of many reviews already"
        raise Problem("too-many-requests", detail, retry_after=_RETRY_AFTER)
    arguments: dict[str, JSON] = {"review": str(review_id)}
    name = f"{WORD_REVIEW}:{workspace_id}"
    job_id = await jobs.enqueue(connection, WORD_REVIEW, arguments, dedupe_key=name)
    job = await jobs.find(connection, job_id)
    if job is None or job.arguments != arguments:
        detail = "the model is asked for the words of another review of this workspace"
        raise Problem("too-many-requests", detail, retry_after=_RETRY_AFTER)
    return job_id


def _earlier(versions: Sequence[Version], revision: int) -> Steps[tuple[JSON, ...]]:
    """Decode the values that were in force until a revision, one a step: they may be large."""
    values: list[JSON] = []
    for version in versions:
        if version.body and not version.secret and version.revision <= revision:
            values.append(decode(version.body))
            yield
    return tuple(values)


def _lost(
    caller: Caller, state: WorkspaceState, old: SchemaRule, new: SchemaRule | None
) -> Steps[set[str]]:
    """Find the keys a rule holds for and would not any more, in steps."""
    found: set[str] = set()
    if new is not None and new.pattern == old.pattern:
        return found
    for environment in state.topology.by_id.values():
        for key in state.index(environment.id).keys(""):
            yield
            if key in found or not matches(old.pattern, key):
                continue
            still = new is not None and matches(new.pattern, key)
            if not still and caller.principal.reaches(environment.slug, key):
                found.add(key)
    return found


_QUEUED = Wording(status="queued", prompt_version=PROMPT_VERSION)
_NOBODY = Wording(
    status="away",
    reason="no worker has asked the model in time; ask again",
    prompt_version=PROMPT_VERSION,
)
