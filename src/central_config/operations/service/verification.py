"""Proving the audit log regularly, and remembering what came of it."""

from central_config.audit.model import SYSTEM_CHAIN, Break
from central_config.audit.service import AuditService
from central_config.core.clock import Clock
from central_config.core.db import Database
from central_config.core.json import JSON
from central_config.operations.model.plan import AUDIT_VERIFY
from central_config.operations.model.reports import Section, Status
from central_config.operations.service.reports import Reports


class Verification:
    """Verifies the whole audit log."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._audit = AuditService(database)
        self._reports = Reports(database, clock)
        self._clock = clock

    async def run(self) -> Section:
        """Recompute every chain, keep what was found, and return it."""
        began = self._clock.now()
        found = await self._audit.verify()
        facts: dict[str, JSON] = {"events": found.events, "chains": len(found.heads)}
        if found.broken is None:
            words = f"{found.events} events in {len(found.heads)} chains are what was written"
            section = Section("audit chain", Status.OK, words, facts)
        else:
            section = _broken(found.broken, facts)
        await self._reports.keep(AUDIT_VERIFY, began, [section])
        return section


def _broken(found: Break, facts: dict[str, JSON]) -> Section:
    chain = "of the system" if found.chain == SYSTEM_CHAIN else f"of workspace {found.chain}"
    place: dict[str, JSON] = {"chain": str(found.chain), "sequence": found.sequence}
    return Section(
        "audit chain",
        Status.BAD,
        f"event {found.sequence} of the chain {chain} is not what was written: {found.reason}",
        {**facts, "broken": {**place, "reason": found.reason}},
        ["Make a copy of the database as it is, before anything else.", "ccfg audit verify"],
    )
