"""The jobs that look for recommendations: of one workspace when asked, of all once a day."""

from uuid import UUID

from central_config.assistant.service.scanning import SCAN, SCAN_ALL, Scanning
from central_config.configurations.service import Snapshots
from central_config.core.jobs.model import JobContext, JobKind, Schedule
from central_config.core.jobs.queue import JobQueue
from central_config.core.json import JSON
from central_config.secrets.service import Vault, master_key

# The first scan finds a workspace; a large one takes minutes (seconds).
_DAY, _FIRST, _LIMIT = 86_400, 3600, 3600.0


async def _scan(context: JobContext) -> JSON:
    if not context.settings.ai_enabled:
        return {"skipped": "AI_ENABLED is false for this worker"}
    counts = await _scanning(context).scan(UUID(str(context.arguments["workspace"])))
    return {"open": dict(counts)}


async def _scan_all(context: JobContext) -> JSON:
    if not context.settings.ai_enabled:
        return {"skipped": "AI_ENABLED is false for this worker"}
    jobs = await _scanning(context).spread()
    queue = JobQueue.of(context.settings)
    try:
        await queue.dispatch(*jobs)  # what the queue does not take, the sweeper does
    finally:
        await queue.close()
    return {"workspaces": len(jobs)}


def _scanning(context: JobContext) -> Scanning:
    vault = Vault(context.database, master_key(context.settings), context.clock)
    return Scanning(context.database, Snapshots(context.database, vault), context.clock)


KINDS = (JobKind(SCAN, _scan, limit=_LIMIT), JobKind(SCAN_ALL, _scan_all, limit=_LIMIT))

SCHEDULE = (Schedule(SCAN_ALL, SCAN_ALL, _DAY, first_after=_FIRST),)
