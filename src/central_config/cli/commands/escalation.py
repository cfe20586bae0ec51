# ruff: noqa: D417 - `opts` is described by its class
"""The escalation schedule, a part of `incident`."""

from typing import Any, Literal

from central_config.cli.client import segment
from central_config.cli.errors import UsageError
from central_config.cli.groups import group
from central_config.cli.output import table
from central_config.cli.session import OPTIONS, Options

app = group("escalation", "Who is told of an incident after how long: list, set, remove.")

Condition = Literal["any", "critical", "widespread", "customer_facing", "business_critical"]


@app.command(name="list")
def list_steps(*, opts: Options = OPTIONS) -> None:
    """Show who is told of an incident after how long."""
    items = opts.client().get("/incidents/escalation")["items"]
    opts.out.show(
        items,
        lambda: table(
            ["after", "role", "name", "if not resolved and", "targets"],
            [
                [
                    f"{i['after_minutes']} min",
                    i["role"],
                    i["name"],
                    i["condition"],
                    ", ".join(i["targets"]) or "nobody",
                ]
                for i in items
            ],
        ),
    )


@app.command(name="set")
def set_step(
    role: str,
    /,
    *,
    after: int | None = None,
    condition: Condition | None = None,
    target: list[str] | None = None,
    name: str | None = None,
    opts: Options = OPTIONS,
) -> None:
    """Set a step of the schedule, or add one; what is not given stays.

    Args:
        role: team-lead, or another short name.
        after: minutes from the opening of the incident on.
        condition: on what it depends, besides that the incident is not resolved.
        target: whom to tell: mail:somebody@example.org, slack:#channel, webhook, default; may be
            repeated, and replaces those there are. `--target none` leaves nobody.
        name: the role for people.
    """
    client = opts.client()
    found = client.get("/incidents/escalation")["items"]
    body: dict[str, Any] = {}
    for step in found:
        if step["role"] == role:
            body |= step
    if not body and after is None:
        raise UsageError(f"{role} is new: say --after how many minutes")
    given = {"after_minutes": after, "condition": condition, "name": name, "targets": target}
    body |= {each: value for each, value in given.items() if value is not None}
    body.pop("role", None)
    if target == ["none"]:
        body["targets"] = []
    path = f"/incidents/escalation/{segment(role)}"
    step = client.request("PUT", path, body=body).body
    reached = ", ".join(step["targets"]) or "nobody"
    opts.out.done(step, f"{step['name']}: after {step['after_minutes']} min, tells {reached}")


@app.command(name="remove")
def remove_step(role: str, /, *, opts: Options = OPTIONS) -> None:
    """Remove a step of the schedule.

    Args:
        role: its role.
    """
    opts.client().request("DELETE", f"/incidents/escalation/{segment(role)}")
    opts.out.done({"role": role, "removed": True}, f"{role}: removed")
