"""Looking through a workspace for what it could do better; the work of a job.

All of it happens beside the service: a worker loads the workspace, goes through it in a thread of
its own, and lets it go. At most `MOST` recommendations of a kind are open at a time.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from central_config.access.service.keys import of_workspace
from central_config.assistant.model.advice import ending, reading
from central_config.assistant.model.advice.advice import Advice, facts
from central_config.assistant.model.advice.duplicates import duplicates
from central_config.assistant.model.advice.ground import Ground
from central_config.assistant.model.advice.inheriting import drift, redundant
from central_config.assistant.model.advice.remembering import (
    MOST,
    Recommendation,
    Sighting,
    merge,
    settled,
)
from central_config.assistant.model.advice.settings import contradictions
from central_config.assistant.model.advice.siblings import outliers
from central_config.assistant.service.uses import Uses
from central_config.assistant.store import advice as store
from central_config.assistant.store import uses as use_store
from central_config.configurations.service import Snapshots
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, transaction
from central_config.core.jobs.store import enqueue
from central_config.core.json import JSON
from central_config.core.problems import Problem

SCAN, SCAN_ALL = "assistant.scan_workspace", "assistant.scan"
# How long it is known of a prefix by itself that somebody read it (days).
_PREFIXES_KEPT = 90
# What is found in the configuration alone.
_CHECKS = (redundant, drift, outliers, duplicates, contradictions)


class Scanning:
    """Scans workspaces and keeps what is found."""

    def __init__(self, database: Database, snapshots: Snapshots, clock: Clock) -> None:
        self._database = database
        self._snapshots = snapshots
        self._uses = Uses(database, clock)
        self._clock = clock

    async def workspaces(self) -> list[UUID]:
        """Return all workspaces; what need not be known of reads any longer is forgotten."""
        async with transaction(self._database) as connection:
            await use_store.forget(connection, _PREFIXES_KEPT)
            return list(await store.workspaces(connection))

    async def spread(self) -> list[UUID]:
        """Enqueue a scan of each workspace; return the jobs, which are to be dispatched.

        Each is a job of its own: one that fails or takes long keeps none of the others waiting.
        """
        jobs: list[UUID] = []
        for workspace_id in await self.workspaces():
            async with transaction(self._database) as connection:
                jobs.append(await enqueue_scan(connection, workspace_id))
        return jobs

    async def scan(self, workspace_id: UUID) -> Mapping[str, int]:
        """Scan a workspace; return how many recommendations of each kind are open now."""
        try:
            return await self._scan(workspace_id)
        except Problem as problem:
            if problem.code != "workspace-not-found":
                raise
            return {}  # deleted a moment ago
        finally:
            self._snapshots.put_away(workspace_id)

    async def _scan(self, workspace_id: UUID) -> Mapping[str, int]:
        began = self._clock.now()
        ground = Ground(await self._snapshots.fresh(workspace_id))
        async with self._database.connect() as connection:
            known = await store.everything(connection, workspace_id)
        sieve = _Sieve(ground, {each.advice.subject: each for each in known})
        for check in _CHECKS:
            await asyncio.to_thread(sieve.take, check(ground))
        await asyncio.to_thread(sieve.take, ending.certificates(ground, began))
        keys = await of_workspace(self._database, workspace_id)
        sieve.take(ending.keys(keys, began))
        await self._by_reads(ground, sieve, began)
        scan = store.Scan(ground.state.revision, self._clock.now(), tuple(sorted(sieve.left_off)))
        merged = merge(sieve.known, sieve.found)
        async with transaction(self._database) as connection:
            await store.keep(connection, workspace_id, merged, scan.scanned_at)
            await store.scanned(connection, workspace_id, scan)
        return dict(sieve.counts)

    async def _by_reads(self, ground: Ground, sieve: "_Sieve", now: datetime) -> None:
        """Take what nobody reads, and what is deprecated and read all the same."""
        sites = await asyncio.to_thread(reading.candidates, ground)
        idle = await self._uses.idle(ground.state, sites, reading.IDLE)
        if idle.long_enough and idle.since is not None:
            unused = reading.unused(ground, idle.unused, idle.since)
            await asyncio.to_thread(sieve.take, unused)
        uses = await self._uses.last(ground.state, reading.deprecated(ground))
        recently = {
            site: (use.key, use.reads)
            for site, use in uses.items()
            if use.key is not None and (now - use.key).days < reading.IDLE
        }
        sieve.take(reading.still_read(ground, recently))


async def enqueue_scan(connection: Connection, workspace_id: UUID) -> UUID:
    """Return the job that scans a workspace: a new one, or the one that waits or runs already."""
    arguments: dict[str, JSON] = {"workspace": str(workspace_id)}
    return await enqueue(connection, SCAN, arguments, dedupe_key=f"{SCAN}:{workspace_id}")


class _Sieve:
    """Keeps what is to be said: not what was settled before, and not too much of a kind."""

    def __init__(self, ground: Ground, known: Mapping[str, Recommendation]) -> None:
        self._ground = ground
        self.known = known
        self.found: list[Sighting] = []
        self.counts: Counter[str] = Counter()
        self.left_off: set[str] = set()

    def take(self, advices: Iterable[Advice]) -> None:
        """Take what a check finds."""
        for advice in advices:
            if advice.kind in self.left_off:
                continue
            found = Sighting(advice, facts(self._ground.state, advice))
            before = self.known.get(advice.subject)
            if before is not None and settled(before, found.facts):
                continue
            if self.counts[advice.kind] >= MOST:
                self.left_off.add(advice.kind)
            else:
                self.counts[advice.kind] += 1
                self.found.append(found)
