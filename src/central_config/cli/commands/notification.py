# ruff: noqa: D417 - `opts` is described by its class
"""Messages to people: what was sent, and whether a channel works."""

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from central_config.cli.client import segment
from central_config.cli.groups import group
from central_config.cli.output import table
from central_config.cli.session import OPTIONS, Options
from central_config.cli.times import ago

app = group("notification", "Messages to people: list, test, retry.")


@app.command(name="list")
def list_(
    *,
    status: Literal["queued", "sent", "failed"] | None = None,
    about: str | None = None,
    limit: Annotated[int | None, Parameter(name=("--limit", "-n"))] = 50,
    opts: Options = OPTIONS,
) -> None:
    """List messages that were or will be sent, newest first.

    Args:
        status: only these.
        about: only what tells of this, e.g. the id of an incident.
        limit: how many.
    """
    items = opts.client().items("/notifications", {"status": status, "about": about}, limit)
    opts.out.show(items, lambda: _table(items))


@app.command(name="test")
def send_test(target: str = "default", /, *, opts: Options = OPTIONS) -> None:
    """Send a message that says it is a test; `notification list` shows whether it went.

    Args:
        target: slack, slack:#channel, mail, mail:somebody@example.org, webhook, or default for
            every channel that is set up.
    """
    made = opts.client().post("/notifications/test", {"target": target})
    opts.out.show(made, lambda: _table(made["items"]))


@app.command
def retry(notification: str, /, *, opts: Options = OPTIONS) -> None:
    """Send a message again that failed, or at once one that waits.

    Args:
        notification: its id, from `notification list`.
    """
    made = opts.client().post(f"/notifications/{segment(notification)}/retry")
    opts.out.done(made, f"{made['target']}: is tried again")


def _table(items: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - a table of rich
    return table(
        ["id", "created", "to", "status", "attempts", "about", "subject", "error"],
        [
            [
                i["id"],
                ago(i["created_at"]),
                i["target"],
                i["status"],
                i["attempts"],
                i["about"] or None,
                i["subject"],
                i["error"],
            ]
            for i in items
        ],
    )
