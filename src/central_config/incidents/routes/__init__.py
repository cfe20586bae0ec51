"""Incidents, escalation, alerts and checklists over HTTP."""

from fastapi import APIRouter

from central_config.incidents.routes.alerts import router as _alerts
from central_config.incidents.routes.checklists import router as _checklists
from central_config.incidents.routes.escalation import router as _escalation
from central_config.incidents.routes.incidents import router as _incidents

router = APIRouter()
# The fixed addresses before those that hold an incident's id.
for _part in (_alerts, _escalation, _incidents, _checklists):
    router.include_router(_part)
