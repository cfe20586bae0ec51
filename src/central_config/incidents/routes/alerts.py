"""Where Alertmanager reports. It signs in with a token of its own, which allows nothing else."""

import hmac
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Header

from central_config.access.model import PUBLIC, Caller
from central_config.core.metrics import AUTHENTICATION_FAILURES
from central_config.core.problems import Problem
from central_config.core.settings import Settings
from central_config.core.web import provided, requires
from central_config.incidents.service.alerts import Alerts
from central_config.incidents.wire.alerts import AlertsAnswer, AlertsIn

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/incidents/alerts", tags=["Incidents"])

# Neither a session nor an API key: ALERTS_TOKEN, which is checked here.
Anybody = Annotated[Caller, requires(PUBLIC)]
Service = Annotated[Alerts, provided(Alerts)]
Configured = Annotated[Settings, provided(Settings)]

_BEARER = "Bearer "


def _check(authorization: str, settings: Settings, caller: Caller) -> None:
    """Compare the token in a time that does not tell how much of it is right."""
    token = settings.alerts_token
    given = authorization.removeprefix(_BEARER).encode()
    if token is not None and hmac.compare_digest(given, token.get_secret_value().encode()):
        return
    AUTHENTICATION_FAILURES.labels("alerts").inc()
    log.warning("authentication failed", method="alerts", client_ip=caller.actor.client_ip)
    raise Problem("invalid-credentials", "the token is not ALERTS_TOKEN of this server")


def _alertmanager(
    caller: Anybody, settings: Configured, authorization: Annotated[str, Header()] = ""
) -> Caller:
    """Check the token before the body is made anything of: anybody may send a large one."""
    _check(authorization, settings, caller)
    return caller


@router.post("", summary="Report alerts")
async def receive_alerts(
    body: AlertsIn,
    caller: Annotated[Caller, Depends(_alertmanager)],
    _anybody: Anybody,
    service: Service,
) -> AlertsAnswer:
    """Open or update the incident of a group of alerts, as Alertmanager's webhook reports it.

    `Authorization: Bearer` holds ALERTS_TOKEN. Alerts that ended leave the incident to be watched.
    """
    incident = await service.take(
        body.group(), body.since(), caller.actor.request_id, caller.actor.client_ip
    )
    return AlertsAnswer(incident=incident)
