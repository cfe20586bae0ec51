# ruff: noqa: D417 - `opts` is described by its class
"""Incidents: the record that is kept, and who is told."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from central_config.cli.client import segment
from central_config.cli.commands.escalation import app as schedule
from central_config.cli.errors import UsageError
from central_config.cli.groups import group
from central_config.cli.output import details, table, write
from central_config.cli.session import OPTIONS, Options
from central_config.cli.times import ago, parse_expiry, parse_when

if TYPE_CHECKING:
    from rich.table import Table

app = group("incident", "Incidents: open, update, acknowledge, resolve, report, escalate.")
app.command(schedule)

Severity = Literal["P0", "P1", "P2", "P3"]
Services = Annotated[list[str] | None, Parameter(name="--service")]


@app.command(name="open")
def open_(  # noqa: PLR0913 - the options of a command
    severity: Severity,
    title: str,
    /,
    *,
    situation: str = "",
    service: Services = None,
    customers: str = "",
    revenue: str = "",
    contact: str = "",
    widespread: bool = False,
    customer_facing: bool = False,
    business_critical: bool = False,
    detected: str | None = None,
    opts: Options = OPTIONS,
) -> None:
    """Open an incident. Whoever the schedule names for minute 0 is told at once.

    Args:
        severity: P0 critical, P1 high, P2 medium, P3 low.
        title: a short description.
        situation: what is known, and being done.
        service: a service that is affected; may be repeated.
        customers: how many customers feel it, estimated.
        revenue: what it costs, if applicable.
        contact: whom to ask: "Name, phone, email".
        widespread: the impact is widespread; tells the director after an hour.
        customer_facing: customers feel it; tells the VP after two hours.
        business_critical: the business depends on it; tells the executives after four hours.
        detected: when it was noticed: "10m ago", 2026-11-23T12:00:00Z; now by default.
    """
    body: dict[str, Any] = {
        "severity": severity,
        "title": title,
        "situation": situation,
        "services": service or [],
        "customers": customers,
        "revenue": revenue,
        "contact": _contact(contact),
        "widespread": widespread,
        "customer_facing": customer_facing,
        "business_critical": business_critical,
        "detected_at": None if detected is None else parse_when(detected),
    }
    made = opts.client().post("/incidents", body)
    opts.out.done(made, _opened(made))


@app.command(name="list")
def list_(
    *,
    open: Annotated[bool, Parameter(name="--open")] = False,  # noqa: A002 - the option
    severity: Severity | None = None,
    limit: Annotated[int | None, Parameter(name=("--limit", "-n"))] = 50,
    opts: Options = OPTIONS,
) -> None:
    """List incidents, newest first.

    Args:
        open: only those that are not resolved.
        severity: only these.
        limit: how many.
    """
    params = {"open": open or None, "severity": severity}
    items = opts.client().items("/incidents", params, limit)
    columns = ["id", "severity", "status", "opened", "acknowledged by", "title"]
    opts.out.show(
        items,
        lambda: table(
            columns,
            [
                [
                    i["id"],
                    i["severity"],
                    i["status"],
                    ago(i["opened_at"]),
                    i["acknowledged_by"] or None,
                    i["title"],
                ]
                for i in items
            ],
        ),
    )


@app.command
def show(incident: str, /, *, whole: bool = False, opts: Options = OPTIONS) -> None:
    """Show an incident with its timeline and action items.

    Args:
        incident: its id, INC-YYYY-MMDD-NNN.
        whole: the timeline from its beginning, not just its last 200 entries.
    """
    client = opts.client()
    found = client.get(_path(incident))
    while whole and found["earlier_cursor"]:
        before = client.get(_path(incident), {"cursor": found["earlier_cursor"]})
        found["timeline"] = before["timeline"] + found["timeline"]
        found["earlier_cursor"] = before["earlier_cursor"]
    opts.out.show(found, lambda: _shown(found))


@app.command
def update(
    incident: str,
    text: str,
    /,
    *,
    status: Literal["investigating", "identified", "monitoring"] | None = None,
    severity: Severity | None = None,
    next: str | None = None,  # noqa: A002 - the option
    opts: Options = OPTIONS,
) -> None:
    """Write into the timeline how it stands; the text is the incident's situation from then on.

    Args:
        incident: its id.
        text: what is known, and being done.
        status: what it is now.
        severity: what it is now.
        next: when to expect the next update: 30m, 2h, or a time with its zone.
    """
    body: dict[str, Any] = {"text": text, "status": status, "severity": severity}
    if next is not None:
        body["next_update_at"] = parse_expiry(next)
    found = opts.client().post(f"{_path(incident)}/updates", body)
    opts.out.done(found, f"{found['id']}: {found['status']}, written into the timeline")


@app.command(name="set")
def set_(  # noqa: PLR0913 - the options of a command
    incident: str,
    /,
    *,
    title: str | None = None,
    severity: Severity | None = None,
    service: Services = None,
    customers: str | None = None,
    revenue: str | None = None,
    contact: str | None = None,
    widespread: Annotated[bool | None, Parameter(negative="--no-widespread")] = None,
    customer_facing: Annotated[bool | None, Parameter(negative="--no-customer-facing")] = None,
    business_critical: Annotated[bool | None, Parameter(negative="--no-business-critical")] = None,
    summary: str | None = None,
    root_cause: str | None = None,
    prevention: str | None = None,
    lessons: str | None = None,
    opts: Options = OPTIONS,
) -> None:
    """Correct or add facts, also when it is resolved.

    Args:
        incident: its id.
        title: a short description.
        severity: P0 to P3.
        service: a service that is affected; may be repeated, and replaces those recorded.
        customers: how many customers feel it.
        revenue: what it costs.
        contact: whom to ask: "Name, phone, email".
        widespread: whether the impact is widespread.
        customer_facing: whether customers feel it.
        business_critical: whether the business depends on it.
        summary: what happened.
        root_cause: the underlying cause.
        prevention: how to prevent that it comes again.
        lessons: what was learned.
    """
    given = {
        "title": title,
        "severity": severity,
        "services": service,
        "customers": customers,
        "revenue": revenue,
        "contact": None if contact is None else _contact(contact),
        "widespread": widespread,
        "customer_facing": customer_facing,
        "business_critical": business_critical,
        "summary": summary,
        "root_cause": root_cause,
        "prevention": prevention,
        "lessons": lessons,
    }
    body = {name: value for name, value in given.items() if value is not None}
    if not body:
        raise UsageError("nothing to set", "Give at least one of the options.")
    found = opts.client().request("PATCH", _path(incident), body=body).body
    opts.out.done(found, f"{found['id']}: {', '.join(body)} written")


@app.command
def ack(incident: str, /, *, opts: Options = OPTIONS) -> None:
    """Say that you respond; the response time ends here.

    Args:
        incident: its id.
    """
    found = opts.client().post(f"{_path(incident)}/acknowledge")
    opts.out.done(found, f"{found['id']}: acknowledged by {found['acknowledged_by']}")


@app.command
def resolve(  # noqa: PLR0913 - the options of a command
    incident: str,
    resolution: str,
    /,
    *,
    summary: str | None = None,
    root_cause: str | None = None,
    prevention: str | None = None,
    lessons: str | None = None,
    opts: Options = OPTIONS,
) -> None:
    """End an incident. Everybody who was told of it gets the resolution report.

    Args:
        incident: its id.
        resolution: the steps taken.
        summary: what happened.
        root_cause: the underlying cause; it can also be set later.
        prevention: how to prevent that it comes again.
        lessons: what was learned.
    """
    body = {
        "resolution": resolution,
        "summary": summary,
        "root_cause": root_cause,
        "prevention": prevention,
        "lessons": lessons,
    }
    found = opts.client().post(f"{_path(incident)}/resolve", body)
    opts.out.done(
        found,
        f"{found['id']}: resolved\n"
        f"  next: ccfg checklist run post-incident --incident {found['id']}",
    )


@app.command
def action(  # noqa: PLR0913 - the options of a command
    incident: str,
    text: str | None = None,
    /,
    *,
    number: int | None = None,
    owner: str | None = None,
    due: str | None = None,
    done: bool = False,
    opts: Options = OPTIONS,
) -> None:
    """Add an action item, or with `--number` change one or mark it as done.

    Args:
        incident: its id.
        text: what is to be done.
        number: the action item to change.
        owner: who does it.
        due: until when: 2026-12-24.
        done: it is done.
    """
    given = {"text": text, "owner": owner, "due": due, "done": done or None}
    body = {name: value for name, value in given.items() if value is not None}
    path = f"{_path(incident)}/actions"
    if number is not None:
        found = opts.client().request("PATCH", f"{path}/{number}", body=body).body
    elif text is None or done:
        raise UsageError("say what is to be done, or --number of an action item there is")
    else:
        found = opts.client().post(path, body)
    opts.out.show(found["actions"], lambda: _actions(found))


@app.command
def report(
    incident: str,
    which: Literal["initial", "resolution"] = "initial",
    /,
    *,
    opts: Options = OPTIONS,
) -> None:
    """Print a report, filled with what is recorded; its first line is the subject.

    Args:
        incident: its id.
        which: the initial one, or that of a resolved incident.
    """
    text = opts.client().get(f"{_path(incident)}/reports/{which}")
    if opts.out.human:
        write(text)
    else:
        opts.out.show({"incident": incident, "report": which, "text": text}, lambda: "")


@app.command
def escalate(incident: str, /, *, to: str | None = None, opts: Options = OPTIONS) -> None:
    """Tell a role now, whatever the time.

    Args:
        incident: its id.
        to: a role of `incident escalation list`; by default the next that has not been told.
    """
    step = opts.client().post(f"{_path(incident)}/escalate", {"role": to})
    reached = ", ".join(step["targets"]) or "nobody: it has no target"
    opts.out.done(step, f"{incident}: {step['name']}: {reached}")


def _path(incident: str) -> str:
    return f"/incidents/{segment(incident)}"


def _minute(moment: str) -> str:
    """Return a time without the seconds nobody needs at three in the morning."""
    return f"{moment[:16]}Z"


def _contact(text: str) -> dict[str, str]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 3:  # noqa: PLR2004 - name, phone, email
        raise UsageError("write --contact as 'Name, phone, email'")
    return dict(zip(("name", "phone", "email"), parts, strict=False))


def _opened(found: dict[str, Any]) -> str:
    told = [each for each in found["timeline"] if each["kind"] in {"escalated", "nobody"}]
    lines = [f"{found['id']} opened; acknowledge it until {_minute(found['acknowledge_by'])}"]
    return "\n".join([*lines, *(f"  {each['text']}" for each in told)])


def _shown(found: dict[str, Any]) -> Any:  # noqa: ANN401 - a group of rich
    from rich.console import Group  # noqa: PLC0415 - raw output must start fast

    timeline = table(
        ["at", "who", "what"],
        [[each["at"][:19] + "Z", each["who"], each["text"]] for each in found["timeline"]],
    )
    earlier = ["(there are earlier entries: --whole)"] if found["earlier_cursor"] else []
    return Group(_details(found), "", *earlier, timeline, "", _actions(found))


def _details(found: dict[str, Any]) -> "Table":
    contact = " - ".join(part for part in found["contact"].values() if part)
    flags = [name for name in ("widespread", "customer_facing", "business_critical") if found[name]]
    acknowledged = found["acknowledged_at"] and (
        f"by {found['acknowledged_by']}, {ago(found['acknowledged_at'])}"
    )
    return details(
        [
            ("incident", found["id"]),
            ("title", found["title"]),
            ("severity", found["severity"]),
            ("status", found["status"]),
            ("situation", found["situation"] or None),
            ("services", ", ".join(found["services"]) or None),
            ("customers", found["customers"] or None),
            ("revenue", found["revenue"] or None),
            ("impact", ", ".join(flags) or None),
            ("contact", contact or None),
            ("detected", ago(found["detected_at"])),
            ("opened", f"{ago(found['opened_at'])} by {found['opened_by']}"),
            ("acknowledged", acknowledged or f"not yet; until {_minute(found['acknowledge_by'])}"),
            ("resolved", ago(found["resolved_at"]) or None),
            ("root cause", found["root_cause"] or None),
            ("resolution", found["resolution"] or None),
            ("lessons", found["lessons"] or None),
        ]
    )


def _actions(found: dict[str, Any]) -> "Table":
    rows = [
        [i["number"], i["text"], i["owner"] or "nobody", i["due"], "done" if i["done_at"] else None]
        for i in found["actions"]
    ]
    return table(["action", "what", "owner", "due", ""], rows)
