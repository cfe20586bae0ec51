"""The jobs of this feature, and when they run by themselves."""

from central_config.core.jobs.model import JobContext, JobKind, Schedule
from central_config.core.json import JSON
from central_config.operations.model import MAINTENANCE
from central_config.operations.service import Maintenance

_HOUR, _DAY = 3600, 86_400


async def _hourly(context: JobContext) -> JSON:
    maintenance = context.service(Maintenance)
    steps = {
        "expired_sessions": maintenance.sessions,
        "kept_answers": maintenance.answers,
        "finished_jobs": maintenance.jobs,
    }
    deleted: dict[str, JSON] = {}
    for number, (name, step) in enumerate(steps.items()):
        context.progress(number, len(steps), name)
        deleted[name] = await step()
    return {"deleted": deleted}


async def _daily(context: JobContext) -> JSON:
    return {"audit_partitions": await context.service(Maintenance).audit_partitions()}


KINDS = (
    JobKind(MAINTENANCE["hourly"], _hourly),
    JobKind(MAINTENANCE["daily"], _daily),
)

# A schedule has the name of its kind, so that one asked for by hand is not run beside it.
SCHEDULE = (
    Schedule(MAINTENANCE["hourly"], MAINTENANCE["hourly"], _HOUR),
    Schedule(MAINTENANCE["daily"], MAINTENANCE["daily"], _DAY),
)
