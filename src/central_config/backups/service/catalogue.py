"""Records what was done with backups, and knows how old the last good ones are."""

import math
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from central_config.audit import service as audit
from central_config.audit.model import SYSTEM, Event
from central_config.backups.model.drills import Drill
from central_config.backups.model.runs import SUBJECTS, Action, LastTimes, Run
from central_config.backups.store import catalogue as store
from central_config.core.clock import Clock
from central_config.core.db import Database, transaction
from central_config.core.ids import new_id
from central_config.core.json import JSON
from central_config.core.metrics import BACKUP_AGE, RESTORE_DRILL_AGE

_VERBS: dict[Action, str] = {
    "create": "backup.created",
    "verify": "backup.verified",
    "drill": "backup.drilled",
    "restore": "backup.restored",
    "prune": "backup.pruned",
}
# What a drill restored is told by its kind; a physical one restores whatever is the newest.
_DRILLED: dict[str, str] = {"portable": "export", "physical": "full"}


class Catalogue:
    """What was done with backups, as the database remembers it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def record(self, run: Run) -> None:
        """Write down a run, in the audit log too."""
        details: dict[str, JSON] = {"kind": run.kind, "method": run.method, "outcome": run.outcome}
        if run.error is not None:
            details["error"] = run.error
        reason = run.detail.get("reason")
        if isinstance(reason, str):
            details["reason"] = reason
        target = f"backup:{run.label}"
        async with transaction(self._database) as connection:
            await store.append(connection, run)
            event = Event(_VERBS[run.action], target, SYSTEM, details=details)
            await audit.record(connection, [event], self._clock)

    @staticmethod
    def drilled(drill: Drill, finished_at: datetime) -> Run:
        """Return the record of a restore drill."""
        faults = [f"{each.name}: {each.words}" for each in drill.checks if not each.ok]
        return Run(
            id=new_id(),
            action="drill",
            method=drill.method,
            kind=_DRILLED[drill.method],
            label=drill.label,
            outcome="done" if drill.ok else "failed",
            started_at=drill.started_at,
            finished_at=finished_at,
            size_bytes=drill.size_bytes,
            error="; ".join(faults) or None,
            detail={"seconds": drill.seconds, "restore_seconds": drill.restore_seconds},
        )

    async def page(self, limit: int, before: UUID | None = None) -> Sequence[Run]:
        """Return what was done, the last first; `before`: the last id of the page before."""
        async with self._database.connect() as connection:
            return await store.page(connection, limit, before)

    async def last_times(self) -> LastTimes:
        """Return when there was a good backup and a good drill last."""
        async with self._database.connect() as connection:
            return await store.last_times(connection)


class BackupAges:
    """How old the last good backup of each kind and the last good drill are, as metrics.

    They grow between two looks at the database, so one that hangs does not keep them young. NaN
    before the first look, +Inf where there never was any.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._catalogue = Catalogue(database, clock)
        self._clock = clock
        self._looked = 0.0
        self._ages: dict[str, float] = {}
        for subject in SUBJECTS:
            BACKUP_AGE.labels(subject).set_function(self._reader(subject))
        RESTORE_DRILL_AGE.set_function(self._reader("drill"))

    async def look(self) -> None:
        """Ask the database."""
        found = await self._catalogue.last_times()
        now = self._clock.now()
        times = {
            "database": found.database,
            "configuration": found.configuration,
            "drill": found.drill,
        }
        self._looked = time.monotonic()
        self._ages = {
            name: math.inf if moment is None else max((now - moment).total_seconds(), 0.0)
            for name, moment in times.items()
        }

    def _reader(self, name: str) -> Callable[[], float]:
        def read() -> float:
            age = self._ages.get(name, math.nan)
            return age + time.monotonic() - self._looked

        return read
