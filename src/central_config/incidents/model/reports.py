"""The two reports of the runbook, filled with what is recorded. Nothing is made up."""

from datetime import datetime, timedelta

from central_config.core.clock import rfc3339
from central_config.incidents.model.incidents import Action, Contact, Incident, Told

SYSTEM_NAME = "Central Configuration"
NOT_RECORDED = "not recorded"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def initial_report(told: Told, now: datetime) -> str:
    """Return the initial incident report as of now; its first line is the subject."""
    incident = told.incident
    return f"""\
Subject: {initial_subject(incident)}

Incident ID: {incident.id}
Severity: {incident.severity}
Status: {incident.status.capitalize()}

IMPACT:
- Services affected: {_services(incident)}
- Customers affected: {_or_not(incident.customers)}
- Revenue impact: {_or_not(incident.revenue)}

TIMELINE:
- Detection time: {_time(incident.detected_at)}
- Response time: {_time(incident.acknowledged_at)}
- Current duration: {duration(incident.lasted(now))}

CURRENT STATUS:
{_or_not(incident.situation)}

NEXT UPDATE: {_time(incident.next_update_at)}

Point of Contact: {_contact(incident.contact)}
"""


def resolution_report(told: Told) -> str:
    """Return the incident resolution report of a resolved incident."""
    incident = told.incident
    ended = incident.resolved_at or incident.detected_at
    return f"""\
Subject: [RESOLVED] {SYSTEM_NAME} - {incident.id}

SUMMARY:
{_or_not(incident.summary or incident.title)}

ROOT CAUSE:
{_or_not(incident.root_cause)}

IMPACT:
- Duration: {_time(incident.detected_at)} to {_time(incident.resolved_at)} \
({duration(incident.lasted(ended))})
- Services affected: {_services(incident)}
- Customers affected: {_or_not(incident.customers)}

RESOLUTION:
{_or_not(incident.resolution)}

PREVENTION:
{_or_not(incident.prevention)}
{_actions(told.actions)}

LESSONS LEARNED:
{_or_not(incident.lessons)}
"""


def initial_subject(incident: Incident) -> str:
    """Return the subject of the initial report."""
    return f"[INCIDENT] {SYSTEM_NAME} - {incident.severity} - {incident.title}"


def duration(span: timedelta) -> str:
    """Return a duration as people say it: `1 h 5 min`; seconds only where it is below a minute."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < _MINUTE:
        return f"{seconds} s"
    units = ((seconds // _DAY, "d"), (seconds % _DAY // _HOUR, "h"), (seconds % _HOUR // 60, "min"))
    return " ".join(f"{count} {unit}" for count, unit in units if count)


def _time(moment: datetime | None) -> str:
    return NOT_RECORDED if moment is None else rfc3339(moment)[:19] + "Z"


def _or_not(text: str) -> str:
    return text.strip() or NOT_RECORDED


def _services(incident: Incident) -> str:
    return ", ".join(incident.services) or NOT_RECORDED


def _contact(contact: Contact) -> str:
    return " - ".join(_or_not(part) for part in (contact.name, contact.phone, contact.email))


def _actions(actions: list[Action]) -> str:
    if not actions:
        return f"- [ ] {NOT_RECORDED} - Owner: {NOT_RECORDED} - Due: {NOT_RECORDED}"
    return "\n".join(
        f"- [{'x' if each.done_at else ' '}] {each.text} - Owner: {_or_not(each.owner)}"
        f" - Due: {each.due.isoformat() if each.due else NOT_RECORDED}"
        for each in actions
    )
