"""What is done with incidents; each module is one part of it."""

from typing import Any

from central_config.access.service import AccessService
from central_config.audit.service import AuditService
from central_config.incidents.service.alerts import Alerts
from central_config.incidents.service.checklists import Checklists
from central_config.incidents.service.checks import Checks
from central_config.incidents.service.escalation import Escalation
from central_config.incidents.service.incidents import Incidents
from central_config.incidents.service.work import Tools

__all__ = ["Tools", "parts"]


def parts(tools: Tools, access: AccessService) -> tuple[Any, ...]:
    """Return all services of the feature, for the process that serves its routes."""
    incidents = Incidents(tools)
    checks = Checks(tools.database, AuditService(tools.database), access, tools.clock)
    checklists = Checklists(tools, incidents, checks)
    return incidents, Escalation(tools), Alerts(tools), checklists
