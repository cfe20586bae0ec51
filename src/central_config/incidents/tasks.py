"""The job that tells people as time passes."""

from central_config.core.jobs.model import JobContext, JobKind, Schedule
from central_config.core.jobs.queue import JobQueue
from central_config.core.json import JSON
from central_config.incidents.service.escalation import Escalation
from central_config.incidents.service.work import Tools

ESCALATE = "incidents.escalate"
_MINUTE = 60


async def _escalate(context: JobContext) -> JSON:
    queue = JobQueue.of(context.settings)
    tools = Tools(context.database, queue, context.settings, context.clock)
    try:
        return {"told": await Escalation(tools).run_due()}
    finally:
        await queue.close()


# One that failed is run again by the schedule, a minute later.
KINDS = (JobKind(ESCALATE, _escalate, retries=0),)

SCHEDULE = (Schedule(ESCALATE, ESCALATE, _MINUTE),)
