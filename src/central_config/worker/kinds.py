"""Everything the worker can run, when it runs by itself, and what its jobs can ask for."""

from collections.abc import Mapping, Sequence

from central_config.assistant.tasks import KINDS as ASSISTANT_KINDS
from central_config.assistant.tasks import SCHEDULE as ASSISTANT_SCHEDULE
from central_config.audit.tasks import KINDS as AUDIT_KINDS
from central_config.backups.tasks import KINDS as BACKUP_KINDS
from central_config.backups.tasks import SCHEDULE as BACKUP_SCHEDULE
from central_config.core.jobs.model import JobKind, Schedule, Services
from central_config.incidents.tasks import KINDS as INCIDENT_KINDS
from central_config.incidents.tasks import SCHEDULE as INCIDENT_SCHEDULE
from central_config.notifications.tasks import KINDS as NOTIFICATION_KINDS
from central_config.notifications.tasks import SCHEDULE as NOTIFICATION_SCHEDULE
from central_config.operations.service.housekeeping import Maintenance
from central_config.operations.service.verification import Verification
from central_config.operations.tasks import KINDS as OPERATIONS_KINDS
from central_config.operations.tasks import SCHEDULE as OPERATIONS_SCHEDULE

KINDS: Mapping[str, JobKind] = {
    kind.name: kind
    for kind in (
        *ASSISTANT_KINDS,
        *AUDIT_KINDS,
        *BACKUP_KINDS,
        *OPERATIONS_KINDS,
        *NOTIFICATION_KINDS,
        *INCIDENT_KINDS,
    )
}

SCHEDULE: Sequence[Schedule] = (
    *ASSISTANT_SCHEDULE,
    *BACKUP_SCHEDULE,
    *OPERATIONS_SCHEDULE,
    *NOTIFICATION_SCHEDULE,
    *INCIDENT_SCHEDULE,
)

# What `JobContext.service` finds; each job gets a new one on its own pool.
SERVICES: Services = {
    Maintenance: lambda context: Maintenance(context.database, context.clock),
    Verification: lambda context: Verification(context.database, context.clock),
}
