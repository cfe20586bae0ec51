"""Telling people of incidents as time passes, each role once an incident.

It is done where an incident is opened or changed, in the same transaction, and every minute by a
job. Both lock the incident and insert a row for each role they tell; that row is the decision.
"""

from collections.abc import Sequence

from central_config.access.model import Caller
from central_config.audit.model import SYSTEM
from central_config.core.db import transaction
from central_config.core.json import JSON
from central_config.core.problems import Problem, invalid
from central_config.incidents.model.escalation import (
    CONDITIONS,
    UNACKNOWLEDGED,
    Step,
    is_role,
)
from central_config.incidents.model.incidents import (
    ESCALATED,
    LEVELS,
    NOBODY,
    OVERDUE,
    Incident,
    Told,
)
from central_config.incidents.model.reports import duration, initial_report, initial_subject
from central_config.incidents.service.work import Tools, Work
from central_config.incidents.store import escalation as store
from central_config.incidents.store import incidents
from central_config.notifications.model import Message, parse_target
from central_config.notifications.service import reach

_HOW_TO_SET = "ccfg incident escalation set {role} --target mail:somebody@example.org"
_LONGEST_WAIT = 7 * 24 * 60  # minutes


class Escalation:
    """The schedule, and carrying it out."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def steps(self) -> list[Step]:
        """Return the schedule in the order of time."""
        async with transaction(self._tools.database) as connection:
            return await store.steps(connection)

    async def set_step(self, caller: Caller, step: Step) -> Step:
        """Write a step of the schedule over the one of its role, or add it.

        Raises:
            Problem: `invalid-request` names what is wrong.
        """
        _check(step)
        async with self._tools.work(caller.actor) as work:
            await store.save(work.connection, step)
            work.record(
                "escalation.set",
                f"escalation:{step.role}",
                {
                    "after_minutes": step.after_minutes,
                    "condition": step.condition,
                    "targets": [*step.targets],
                },
            )
        return step

    async def remove_step(self, caller: Caller, role: str) -> None:
        """Delete a step.

        Raises:
            Problem: `not-found`.
        """
        async with self._tools.work(caller.actor) as work:
            if not await store.remove(work.connection, role):
                raise _no_step(role)
            work.record("escalation.removed", f"escalation:{role}", {})

    async def run_due(self) -> int:
        """Tell everybody whose time has come; return how many roles were told, or should be.

        Raises:
            Exception: the first fault there was; the other incidents have been seen to.
        """
        async with transaction(self._tools.database) as connection:
            going_on = await incidents.open_ids(connection)
        told, failures = 0, list[Exception]()
        for incident_id in going_on:
            try:
                async with self._tools.work(SYSTEM) as work:
                    told += await tell_due(work, await work.incident(incident_id))
            except Exception as error:  # noqa: BLE001 - the others are told; it is raised below
                failures.append(error)
        if failures:
            raise failures[0]
        return told

    async def escalate(self, caller: Caller, incident_id: str, role: str | None) -> Step:
        """Tell a role now, whatever the time: the one named, or the next that has not been told.

        Raises:
            Problem: `not-found`; `wrong-state` when it has been told, or nobody is left.
        """
        async with self._tools.work(caller.actor) as work:
            incident = await work.open_incident(incident_id)
            step = await _wanted(work, incident, role)
            if not await store.note(work.connection, incident.id, step.role, work.now):
                raise Problem("wrong-state", f"{step.name} has been told of {incident.id} already")
            _tell(work, incident, step, f"asked for by {caller.principal.name}")
        return step


async def tell_due(work: Work, incident: Incident) -> int:
    """Tell of a locked incident everybody whose time has come; return how many roles."""
    if not incident.open:
        return 0
    steps = await store.steps(work.connection)
    count = 0
    for step in steps:
        if step.is_due(incident, work.now) and await store.note(
            work.connection, incident.id, step.role, work.now
        ):
            _tell(work, incident, step, _why(step))
            count += 1
    return count + await _remind(work, incident, steps)


def _why(step: Step) -> str:
    if step.after_minutes == 0:
        return "initial alert"
    return f"{step.after_minutes} min, {CONDITIONS[step.condition]}"


def _tell(work: Work, incident: Incident, step: Step, why: str) -> None:
    """Write the messages to a role, and into the timeline whom they go to or why to nobody."""
    reached = reach(list(step.targets), work.settings)
    work.messages += [
        Message(
            target,
            initial_subject(incident),
            _letter(work, incident, f"For: {step.name} ({why})"),
            about=incident.id,
            dedupe_key=f"escalation/{incident.id}/{step.role}/{target}",
        )
        for target in reached.targets
    ]
    if reached.targets:
        text = f"{step.name} told ({why}): {', '.join(reached.targets)}"
        work.enter(incident.id, ESCALATED, text, SYSTEM)
    if reached.unreachable:
        text = f"{step.name} not told at {'; '.join(reached.unreachable)}"
        work.enter(incident.id, NOBODY, text, SYSTEM)
    elif not reached.targets:
        text = f"{step.name} ({why}): nobody to tell: set {_missing(step)}"
        work.enter(incident.id, NOBODY, text, SYSTEM)
    details: dict[str, JSON] = {"role": step.role, "why": why, "targets": [*reached.targets]}
    work.record("incident.escalated", f"incident:{incident.id}", details)


def _missing(step: Step) -> str:
    if step.targets:  # then it is "default" without any channel
        return "SLACK_WEBHOOK_URL, SMTP_URL with MAIL_FROM and MAIL_TO, or NOTIFY_WEBHOOK_URL"
    return f"a target, e.g. `{_HOW_TO_SET.format(role=step.role)}`"


async def _remind(work: Work, incident: Incident, steps: Sequence[Step]) -> int:
    """Tell the first of the schedule again, once, when nobody acknowledged in time."""
    late = incident.acknowledged_at is None and work.now >= incident.acknowledge_by
    if not late or not await store.note(work.connection, incident.id, UNACKNOWLEDGED, work.now):
        return 0
    within = duration(LEVELS[incident.severity].respond_within)
    text = f"nobody acknowledged within {within}, the response time of {incident.severity}"
    work.enter(incident.id, OVERDUE, text, SYSTEM)
    reached = reach(list(steps[0].targets) if steps else [], work.settings)
    work.messages += [
        Message(
            target,
            f"[NOT ACKNOWLEDGED] {incident.id} - {incident.severity} - {incident.title}",
            _letter(work, incident, f"{text[0].upper()}{text[1:]}."),
            about=incident.id,
            dedupe_key=f"unacknowledged/{incident.id}/{target}",
        )
        for target in reached.targets
    ]
    return 1


def _letter(work: Work, incident: Incident, first: str) -> str:
    """Return the report without its subject, below a line that says why it is sent."""
    report = initial_report(Told(incident, [], []), work.now).partition("\n\n")[2]
    return f"{first}\nAcknowledge: ccfg incident ack {incident.id}\n\n{report}"


async def _wanted(work: Work, incident: Incident, role: str | None) -> Step:
    steps = await store.steps(work.connection)
    if role is not None:
        found = next((step for step in steps if step.role == role), None)
        if found is None:
            raise _no_step(role)
        return found
    told = await store.told(work.connection, incident.id)
    left = next((step for step in steps if step.role not in told), None)
    if left is None:
        raise Problem("wrong-state", f"everybody of the schedule has been told of {incident.id}")
    return left


def _check(step: Step) -> None:
    if not is_role(step.role):
        raise invalid("/role", "write small letters, digits and single hyphens: team-lead")
    if not 0 <= step.after_minutes <= _LONGEST_WAIT:
        raise invalid("/after_minutes", f"write 0 to {_LONGEST_WAIT}")
    for place, target in enumerate(step.targets):
        try:
            parse_target(target)
        except ValueError as error:
            raise invalid(f"/targets/{place}", str(error)) from None


def _no_step(role: str) -> Problem:
    return Problem("not-found", f"the escalation schedule has no step {role[:64]!r}")
