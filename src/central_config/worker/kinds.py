"""Everything the worker can run, when it runs by itself, and what its jobs can ask for."""

from collections.abc import Mapping, Sequence

from central_config.core.jobs.model import JobKind, Schedule, Services
from central_config.operations.service import Maintenance
from central_config.operations.tasks import KINDS as OPERATIONS_KINDS
from central_config.operations.tasks import SCHEDULE as OPERATIONS_SCHEDULE

KINDS: Mapping[str, JobKind] = {kind.name: kind for kind in (*OPERATIONS_KINDS,)}

SCHEDULE: Sequence[Schedule] = (*OPERATIONS_SCHEDULE,)

# What `JobContext.service` finds; each job gets a new one on its own pool.
SERVICES: Services = {
    Maintenance: lambda context: Maintenance(context.database, context.clock),
}
