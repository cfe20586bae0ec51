"""What Alertmanager reports becomes an incident: one for each group of alerts while it is open.

Alertmanager repeats itself, and several of them may report the same: a report that says nothing new
changes nothing. An incident is never resolved by alerts that ended; a person says why they did.
"""

from datetime import datetime

import msgspec

from central_config.audit.model import Actor
from central_config.incidents.model.alerts import WATCHDOG, AlertGroup
from central_config.incidents.model.incidents import ALERT, IDENTIFIED, MONITORING, Incident
from central_config.incidents.service.escalation import tell_due
from central_config.incidents.service.incidents import New, opened
from central_config.incidents.service.work import Tools, Work
from central_config.incidents.store import incidents as store
from central_config.notifications.model import one_line

_LONGEST_TITLE = 200


class Alerts:
    """Takes reports of alerts."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def take(
        self, group: AlertGroup, since: datetime | None, request_id: str, client_ip: str
    ) -> str | None:
        """Open or update the incident of a group; return its id, None when there is none.

        `since`: when the first of the alerts that fire began to.
        """
        if all(each.name == WATCHDOG for each in group.alerts):
            return None
        actor = Actor("system", None, "alertmanager", request_id, client_ip)
        async with self._tools.work(actor) as work:
            await store.take_turn(work.connection)  # two reports of a new group open one incident
            incident = await store.of_group(work.connection, group.key)
            if incident is not None:
                await _note(work, incident, group)
                return incident.id
            if not group.firing:
                return None
            detected = None if since is None else min(since, work.now)
            return (await opened(work, _new(group, detected))).id


def _new(group: AlertGroup, detected: datetime | None) -> New:
    return New(
        severity=group.severity,
        title=one_line(group.title),
        situation=group.story(),
        detected_at=detected,
        alert_group=group.key,
        alerts_firing=group.fingerprints,
    )


async def _note(work: Work, incident: Incident, group: AlertGroup) -> None:
    """Write what has changed since the last report."""
    if group.fingerprints == incident.alerts_firing:
        return
    if not group.firing:
        status, text = MONITORING, "all alerts of the group have ended; to be resolved by a person"
    else:
        again = incident.status == MONITORING and not incident.alerts_firing
        status = IDENTIFIED if again else incident.status
        text = f"{'alerts fire again' if again else 'other alerts fire'}:\n{group.story()}"
    severity = min(incident.severity, group.severity) if group.firing else incident.severity
    if severity != incident.severity:
        text += f"\nseverity: {incident.severity} -> {severity}"
    changed = msgspec.structs.replace(
        incident, status=status, severity=severity, alerts_firing=group.fingerprints
    )
    await store.save(work.connection, changed)
    work.enter(incident.id, ALERT, text)
    details = {"status": status, "severity": severity, "firing": len(group.firing)}
    work.record("incident.alerts_changed", f"incident:{incident.id}", details)
    await tell_due(work, changed)
