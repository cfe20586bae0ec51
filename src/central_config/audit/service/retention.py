"""Months past retention: exported, verified, sealed, and only then dropped."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec
import structlog

from central_config.audit import store
from central_config.audit.model import (
    EMPTY,
    SEALED,
    SKEW,
    SYSTEM,
    SYSTEM_CHAIN,
    Actor,
    Event,
    Head,
    Seal,
    SealedRun,
    Verifier,
    encode_heads,
    encode_record,
    sealed_ends,
)
from central_config.audit.service import record
from central_config.audit.service.archive import ArchiveFile
from central_config.audit.store import partitions, seals
from central_config.audit.store.partitions import BusyError, Partition
from central_config.core.clock import Clock
from central_config.core.db import Connection, Database, snapshot_transaction, transaction
from central_config.core.jobs.queue import JobQueue
from central_config.core.jobs.store import enqueue
from central_config.core.settings import Settings

log = structlog.get_logger(__name__)

SEALING_JOB = "audit.retention"

Progress = Callable[[int, int, str], None]


class Held(msgspec.Struct, frozen=True):
    """A month that is past retention and stays, and why.

    `fault`: the log is not what it should be, or the archive cannot be written; otherwise time
    alone will let it go.
    """

    partition: str
    reason: str
    fault: bool


class RetentionReport(msgspec.Struct, frozen=True):
    """What was done, or with `dry_run` what would be.

    `due` are the months past retention that were found, `sealed` those that left. `note` says in
    words why nothing is done at all; "" where retention is at work.
    """

    dry_run: bool
    cutoff: datetime | None
    due: tuple[str, ...] = ()
    sealed: tuple[Seal, ...] = ()
    held: Held | None = None
    note: str = ""

    @property
    def failed(self) -> bool:
        """Whether somebody has to look at it."""
        return self.held is not None and self.held.fault


class _RefusedError(Exception):
    """Why a month stays."""

    def __init__(self, reason: str, *, fault: bool = True) -> None:
        super().__init__(reason)
        self.fault = fault


class _Exported(NamedTuple):
    """A month that is in its file, and what was found in the database when it was read.

    `before`: where the chains' sealed parts ended. No sealed event is as young as `until`.
    """

    month: Partition
    before: Mapping[UUID, Head]
    seal: Seal
    rows: int
    until: datetime


class Retention:
    """Takes old months out of the database.

    Args:
        database: the pool.
        clock: the time.
        months: whole months kept beside the present one; 0 keeps everything.
        directory: where exports go; it should be backed up, and outlive this machine.
        tries, pause: how often, and how many seconds apart, the month is asked for while others
            read the log. Each try makes writers wait for half a second at most.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        months: int,
        directory: Path | None,
        *,
        tries: int = 30,
        pause: float = 10.0,
    ) -> None:
        self._database = database
        self._clock = clock
        self._months = months
        self._directory = directory
        self._tries = tries
        self._pause = pause

    @classmethod
    def of(cls, database: Database, settings: Settings, clock: Clock) -> "Retention":
        """Return what the settings ask for."""
        return cls(database, clock, settings.audit_retention_months, settings.audit_archive_dir)

    async def seals(self, chain: UUID | None = None) -> list[Seal]:
        """Return the months that were sealed, oldest first."""
        async with self._database.connect() as connection:
            return await seals.seals(connection, chain)

    async def run(
        self,
        *,
        dry_run: bool = False,
        actor: Actor = SYSTEM,
        progress: Progress = lambda _done, _total, _note: None,
    ) -> RetentionReport:
        """Seal and drop each month past retention, oldest first, until one has to stay.

        A failure leaves the month where it was. May be run again at any time; `dry_run` looks only.
        """
        if not self._months:
            return RetentionReport(dry_run, None, note="AUDIT_RETENTION_MONTHS=0: kept for ever")
        cutoff = months_before(self._clock.now(), self._months)
        async with self._database.connect() as connection:
            found = await partitions.partitions(connection)
        due = [each for each in found if each.ends <= cutoff]
        report = RetentionReport(dry_run, cutoff, tuple(each.name for each in due))
        if due and self._directory is None:
            note = "AUDIT_ARCHIVE_DIR is not set: nothing leaves the database"
            return msgspec.structs.replace(report, note=note)
        if dry_run or self._directory is None:
            return report
        done: list[Seal] = []
        for number, month in enumerate(due):
            progress(number, len(due), month.name)
            try:
                done.append(await self._seal(month, cutoff, self._directory, actor))
            except _RefusedError as error:
                held = Held(month.name, str(error), error.fault)
                log.warning("month of the audit log stays", month=month.name, reason=held.reason)
                return msgspec.structs.replace(report, sealed=tuple(done), held=held)
        return msgspec.structs.replace(report, sealed=tuple(done))

    async def _seal(
        self, month: Partition, cutoff: datetime, directory: Path, actor: Actor
    ) -> Seal:
        stem = f"audit-log-{month.begins:%Y-%m}"
        try:
            await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
            file = await asyncio.to_thread(ArchiveFile, directory, stem)
        except OSError as error:
            raise _RefusedError(f"cannot write to {directory}: {error.strerror}") from None
        try:
            before, seal, rows = await self._export(month, cutoff, file)
            # From here on nothing deletes the file: that the commit was not heard of does not mean
            # that it did not happen, and then the file is all there is.
            seal = msgspec.structs.replace(seal, file=await asyncio.to_thread(file.keep))
        except OSError as error:
            raise _RefusedError(f"cannot write to {directory}: {error.strerror}") from None
        finally:
            await asyncio.to_thread(file.drop)
        exported = _Exported(month, before, seal, rows, _until(month, cutoff))
        await self._replace_when_free(exported, actor)
        log.info("month of the audit log sealed", month=month.name, file=seal.file)
        return seal

    async def _export(
        self, month: Partition, cutoff: datetime, file: ArchiveFile
    ) -> tuple[Mapping[UUID, Head], Seal, int]:
        """Write the month to the file, and check it.

        Returns:
            Where the chains' sealed parts ended before, the seal without its file's name, and how
            many rows the month's partition holds.
        """
        async with snapshot_transaction(self._database) as connection:
            await partitions.take_time(connection)
            before, broken = sealed_ends(await seals.seals(connection))
            if broken is not None:
                raise _RefusedError(f"chain {broken.chain}: {broken.reason}")
            rows = await partitions.count(connection, month)
            lasts = await partitions.last_events(connection, month)
            verifier, youngest = Verifier(), None
            for chain, last in sorted(lasts.items()):
                verifier.begin(chain, before.get(chain, EMPTY))
                async for block in store.chain_in_order(
                    connection, chain, before.get(chain, EMPTY).sequence, last
                ):
                    verifier.feed(block)
                    youngest = max(event.created_at for event in block)
                    if youngest >= _until(month, cutoff):
                        reason = f"events of {youngest:%Y-%m-%d} stand before older ones"
                        raise _RefusedError(f"chain {chain}: {reason}", fault=False)
                    lines = b"".join(encode_record(each) + b"\n" for each in block)
                    await asyncio.to_thread(file.write, lines)
            ends = await self._checked(connection, verifier, lasts)
        starts = verifier.report().starts
        await asyncio.to_thread(file.write, encode_heads(ends, starts) + b"\n")
        digest, found = await asyncio.to_thread(file.finish)
        events = verifier.report().events
        if found.broken is not None or found.events != events or found.heads != ends:
            raise _RefusedError(f"the export reads back wrong: {found.broken}")
        runs = [
            SealedRun(chain, starts[chain].sequence + 1, end.sequence, starts[chain].hash, end.hash)
            for chain, end in sorted(ends.items())
        ]
        seal = Seal(
            month.name, month.begins, month.ends, "", digest, events, self._clock.now(), tuple(runs)
        )
        return before, seal, rows

    async def _checked(
        self, connection: Connection, verifier: Verifier, lasts: Mapping[UUID, int]
    ) -> dict[UUID, Head]:
        """Return where the exported chains end, if they hold and go on from there."""
        known = await store.heads(connection)
        report = verifier.report()
        if report.broken is not None:
            chain, sequence, reason = report.broken
            raise _RefusedError(f"chain {chain}, event {sequence}: {reason}")
        following = await partitions.named_predecessors(connection, list(lasts.items()))
        for chain, last in lasts.items():
            end = report.heads[chain]
            if end.sequence != last:
                raise _RefusedError(f"chain {chain}, event {end.sequence + 1}: it is missing")
            goes_on = following.get(chain) == end.hash
            if not (goes_on or (chain not in following and known.get(chain) == end)):
                raise _RefusedError(f"chain {chain} does not go on from event {last}")
        return report.heads

    async def _replace_when_free(self, exported: "_Exported", actor: Actor) -> None:
        """Replace the month when nobody is in the way: who exports the log reads for minutes."""
        for left in reversed(range(self._tries)):
            try:
                return await self._replace(exported, actor)
            except BusyError:
                log.info("somebody reads the audit log", month=exported.month.name, tries=left)
            await asyncio.sleep(self._pause if left else 0)
        raise _RefusedError("somebody else works with the log", fault=False)

    async def _replace(self, exported: "_Exported", actor: Actor) -> None:
        """Put the seal in the month's place at once."""
        month, before, seal, rows, until = exported
        async with transaction(self._database) as connection:
            # First the chain that the seal's event goes to: whoever holds it may wait for the log.
            await store.lock_heads(connection, [SYSTEM_CHAIN])
            await partitions.take_time(connection)
            await partitions.hold_still(connection, month)
            ends, _ = sealed_ends(await seals.seals(connection))
            if ends != before or await partitions.count(connection, month) != rows:
                raise _RefusedError("it was changed while it was exported", fault=False)
            await seals.insert(connection, seal)
            ends_now = [(run.chain, run.last) for run in seal.runs]
            await partitions.drop(connection, month, ends_now, until)
            event = Event(SEALED, seal.target, actor, details=seal.details())
            await record(connection, [event], self._clock)


def _until(month: Partition, cutoff: datetime) -> datetime:
    """Return the time from which on no event leaves with the month."""
    return max(cutoff, month.ends) + SKEW


def months_before(moment: datetime, months: int) -> datetime:
    """Return the beginning of the month so many months before the moment's, in UTC."""
    number = moment.year * 12 + moment.month - 1 - months
    return moment.replace(
        year=number // 12, month=number % 12 + 1, day=1, hour=0, minute=0, second=0, microsecond=0
    )


class SealingRequests:
    """Lets operators start the job that seals."""

    def __init__(self, database: Database, queue: JobQueue, clock: Clock) -> None:
        self._database = database
        self._queue = queue
        self._clock = clock

    async def ask(self, actor: Actor) -> UUID:
        """Enqueue the job and return its id; while one waits or runs already, of that one."""
        async with transaction(self._database) as connection:
            job = await enqueue(connection, SEALING_JOB, {}, dedupe_key=SEALING_JOB)
            event = Event("job.requested", f"job:{job}", actor, details={"kind": SEALING_JOB})
            await record(connection, [event], self._clock)
        await self._queue.dispatch(job)
        return job
