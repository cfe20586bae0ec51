"""The job that sends what waits in the outbox."""

from central_config.core.jobs.model import JobContext, JobKind, Schedule
from central_config.core.json import JSON
from central_config.notifications.service import DELIVER, Deliverer

_FIVE_MINUTES = 300


async def _deliver(context: JobContext) -> JSON:
    deliverer = Deliverer(context.database, context.settings)
    tally: dict[str, JSON] = {**await deliverer.deliver()}
    if context.arguments.get("tidy"):
        tally["deleted"] = await deliverer.tidy()
    return tally


KINDS = (JobKind(DELIVER, _deliver, limit=150),)

# A message brings a job of its own. This one is for what was queued again by hand in the database.
SCHEDULE = (Schedule(DELIVER, DELIVER, _FIVE_MINUTES, {"tidy": True}),)
