# ruff: noqa: D417 - `opts` is described by its class
"""The runbook's checklists: what can be looked at is, the rest is asked."""

import sys
from typing import Annotated, Any

from cyclopts import Parameter

from central_config.cli import ask
from central_config.cli.client import Client, segment
from central_config.cli.errors import OK, REFUSED
from central_config.cli.groups import group
from central_config.cli.output import say, table
from central_config.cli.session import OPTIONS, Options
from central_config.cli.times import ago

app = group("checklist", "Checklists: run one, list runs.")


@app.command
def run(
    checklist: str,
    /,
    *,
    incident: str | None = None,
    yes_to: list[str] | None = None,
    ask_nothing: Annotated[bool, Parameter(name="--ask-nothing")] = False,
    opts: Options = OPTIONS,
) -> int:
    """Go through a checklist; ends with code 1 unless every item is checked or confirmed.

    What can be looked at is looked at. On a terminal you are asked for the rest, item by item; your
    name and reason are kept. What was found to be wrong cannot be confirmed.

    Args:
        checklist: pre-deployment, post-incident or monthly-security.
        incident: for post-incident: its id.
        yes_to: an item you confirm, as ITEM or ITEM=REASON; may be repeated.
        ask_nothing: leave open what is not confirmed.
    """
    client = opts.client()
    body = {"incident": incident, "confirm": dict(map(_split, yes_to or []))}
    result = client.post(f"/checklists/{segment(checklist)}/runs", body)
    if opts.out.human and not ask_nothing and sys.stdin.isatty():
        result = _ask(client, result)
    opts.out.show(result, lambda: _table(result))
    if opts.out.human:
        missing = [item["slug"] for item in result["items"] if not _green(item)]
        words = "green" if result["green"] else f"not green: {', '.join(missing)}"
        say(f"{result['checklist']}: {words} (run {result['id']})")
    return OK if result["green"] else REFUSED


@app.command(name="list")
def list_(*, opts: Options = OPTIONS) -> None:
    """List the checklists and their items."""
    items = opts.client().get("/checklists")["items"]
    opts.out.show(
        items,
        lambda: table(
            ["checklist", "item", "what", "looked at"],
            [
                [each["name"], item["slug"], item["text"], item["looks_at"] or "you are asked"]
                for each in items
                for item in each["items"]
            ],
        ),
    )


@app.command
def runs(
    *,
    checklist: str | None = None,
    incident: str | None = None,
    limit: Annotated[int | None, Parameter(name=("--limit", "-n"))] = 50,
    opts: Options = OPTIONS,
) -> None:
    """List how checklists were gone through, newest first.

    Args:
        checklist: only this one.
        incident: only those of this incident.
        limit: how many.
    """
    params = {"checklist": checklist, "incident": incident}
    items = opts.client().items("/checklists/runs", params, limit)
    opts.out.show(
        items,
        lambda: table(
            ["run", "checklist", "incident", "started", "by", "green", "missing"],
            [
                [
                    i["id"],
                    i["checklist"],
                    i["incident_id"],
                    ago(i["started_at"]),
                    i["started_by"],
                    "yes" if i["green"] else "NO",
                    ", ".join(each["slug"] for each in i["items"] if not _green(each)) or None,
                ]
                for i in items
            ],
        ),
    )


def _split(text: str) -> tuple[str, str]:
    slug, _, reason = text.partition("=")
    return slug, reason


def _ask(client: Client, result: dict[str, Any]) -> dict[str, Any]:
    """Ask for every open item; an empty answer leaves it open."""
    reasons: dict[str, str] = {}
    for item in result["items"]:
        if item["status"] == "open":
            seen = f" ({item['evidence']})" if item["evidence"] else ""
            say(f"{item['text']}{seen}")
            if ask.text("  Is it so? [y/N] ").lower() in {"y", "yes"}:
                reasons[item["slug"]] = ask.text("  How do you know? ")
    if not reasons:
        return result
    return client.post(f"/checklists/runs/{segment(result['id'])}/confirm", {"confirm": reasons})


def _green(item: dict[str, Any]) -> bool:
    return item["status"] in {"checked", "confirmed"}


def _table(result: dict[str, Any]) -> Any:  # noqa: ANN401 - a table of rich
    from rich.text import Text  # noqa: PLC0415 - raw output must start fast

    colours = {"checked": "green", "confirmed": "green", "failed": "red", "open": "yellow"}
    return table(
        ["status", "item", "what", "evidence", "by"],
        [
            [
                Text(item["status"], style=colours[item["status"]]),
                item["slug"],
                item["text"],
                item["evidence"] or None,
                f"{item['by']}: {item['reason'] or 'no reason given'}" if item["by"] else None,
            ]
            for item in result["items"]
        ],
    )
