"""The jobs of this feature, and when they run by themselves."""

from collections.abc import Awaitable, Callable

from central_config.core.jobs.model import JobContext, JobFailedError, JobKind, Schedule
from central_config.core.json import JSON
from central_config.operations.model.plan import AUDIT_VERIFY, MAINTENANCE, REPORTED
from central_config.operations.model.reports import Status, counts
from central_config.operations.service.housekeeping import Maintenance
from central_config.operations.service.upkeep.ground import Ground
from central_config.operations.service.upkeep.plans import PLANS
from central_config.operations.service.upkeep.running import go_through
from central_config.operations.service.verification import Verification

_HOUR, _DAY = 3600, 86_400
_EVERY = {"daily": _DAY, "weekly": 7 * _DAY, "monthly": 30 * _DAY}
# The first daily report finds a first verification and a first backup; by the others there is
# something to report on (seconds).
_FIRST = {"daily": 600, "weekly": 2 * _HOUR, "monthly": _DAY}
# VACUUM of large tables, and the recomputation of a long audit log, take what they take (seconds).
_LIMIT = 2.0 * _HOUR


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


def _upkeep(name: str) -> Callable[[JobContext], Awaitable[JSON]]:
    async def run(context: JobContext) -> JSON:
        apply = context.arguments.get("apply") is True
        ground = Ground(context.database, context.settings, context.clock, apply)
        report = await go_through(MAINTENANCE[name], PLANS[name], ground, context.progress)
        sections = dict[str, JSON](counts(report.sections))
        return {"report": str(report.id), "status": report.status.value, "sections": sections}

    return run


async def _verify(context: JobContext) -> JSON:
    found = await context.service(Verification).run()
    if found.status is Status.BAD:
        raise JobFailedError(found.summary)
    return {"summary": found.summary, **found.facts}


KINDS = (
    JobKind(MAINTENANCE["hourly"], _hourly),
    *(JobKind(MAINTENANCE[name], _upkeep(name), limit=_LIMIT) for name in REPORTED),
    JobKind(AUDIT_VERIFY, _verify, limit=_LIMIT),
)

# A schedule has the name of its kind, so that one asked for by hand is not run beside it. What may
# take long begins apart from the others: a worker's places are not all taken at once.
SCHEDULE = (
    Schedule(MAINTENANCE["hourly"], MAINTENANCE["hourly"], _HOUR),
    *(
        Schedule(MAINTENANCE[name], MAINTENANCE[name], _EVERY[name], first_after=_FIRST[name])
        for name in REPORTED
    ),
    Schedule(AUDIT_VERIFY, AUDIT_VERIFY, _DAY, first_after=60),
)
