# ruff: noqa: D417 - `opts` is described by its class
"""Advice: what a workspace could do better, to make a draft of or to dismiss."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from central_config.cli.client import Client, segment
from central_config.cli.errors import CliError
from central_config.cli.groups import group
from central_config.cli.output import details, say, table, value_text
from central_config.cli.session import IN_WORKSPACE, InWorkspace
from central_config.cli.times import ago

if TYPE_CHECKING:
    from rich.console import Group

app = group("advice", "Advice: what the workspace could do better, as drafts for you to look at.")

Status = Literal["open", "accepted", "dismissed", "all"]
# Seconds between two looks at whether a scan has ended, and until nobody waits any more.
_PACE, _PATIENCE = 1.0, 600.0


@app.command(name="list")
def list_(
    *,
    status: Status = "open",
    kind: str | None = None,
    limit: Annotated[int | None, Parameter(name=("--limit", "-n"))] = 50,
    opts: InWorkspace = IN_WORKSPACE,
) -> None:
    """List what the last scan found, the most telling first.

    Args:
        status: accepted: a draft was made; dismissed: somebody does not want it.
        kind: only this kind: `redundant`, `drift`, `outlier`, `duplicate`, `unused`, `deprecated`,
            `expiring-key`, `expiring-certificate`, `bounds`, `pool`, `timeout`, `cache`.
        limit: how many.
    """
    client = opts.client()
    params = {"status": status, "kind": kind}
    items = client.items(_path(opts), params, limit)
    opts.out.show(
        items,
        lambda: table(
            ["id", "kind", "what is so", "what to expect", "edits"],
            [
                [each["id"], each["kind"], each["title"], each["effect"], len(each["edits"])]
                for each in items
            ],
        ),
    )
    if opts.out.human:
        say(_ground(client.get(_path(opts), {"limit": 1})))


def _ground(page: Mapping[str, Any]) -> str:
    """Return in words what the list rests on."""
    if page["scanned_at"] is None:
        return "Not scanned yet: `ccfg advice scan` does it now, a worker once a day."
    words = f"Scanned {ago(page['scanned_at'])}, at revision {page['revision']}."
    if page["left_off"]:
        words += f" There is more of: {', '.join(page['left_off'])}."
    since = page["counted_since"]
    return words + (
        " Reads are not counted." if since is None else f" Reads are counted since {ago(since)}."
    )


@app.command
def show(advice: str, /, *, opts: InWorkspace = IN_WORKSPACE) -> None:
    """Show a recommendation with its evidence and the edits its draft would hold.

    Args:
        advice: the id that `advice list` shows.
    """
    found = opts.client().get(_path(opts, advice))
    opts.out.show(found, lambda: _picture(found))


def _picture(found: Mapping[str, Any]) -> "Group":
    from rich.console import Group  # noqa: PLC0415 - see `output`

    decided = found["decided_by"] and f"{found['decided_by']}, {ago(found['decided_at'])}"
    facts = [
        *((name, found[name]) for name in ("id", "kind", "title", "effect", "status")),
        ("found", ago(found["found_at"])),
        *(("decided", decided), ("reason", found["reason"]), ("change", found["change"])),
    ]
    evidence = [
        [
            each["environment"],
            each["key"],
            "(not served)" if each["value"] is None else each["value"],
        ]
        for each in found["evidence"]
    ]
    edits = [
        [each["environment"], each["key"], each["action"], _then(each)] for each in found["edits"]
    ]
    return Group(
        details(facts),
        *([table(["environment", "key", "serves"], evidence)] if evidence else []),
        *([table(["environment", "key", "action", "then"], edits)] if edits else []),
    )


def _then(edit: Mapping[str, Any]) -> str:
    if edit["action"] == "set":
        return value_text(edit["value"])
    return edit["status"] or ""


@app.command
def accept(advice: str, /, *, opts: InWorkspace = IN_WORKSPACE) -> None:
    """Make a draft of what is recommended; nothing is served differently yet.

    Args:
        advice: the id that `advice list` shows.
    """
    made = opts.client().post(f"{_path(opts, advice)}/accept")
    opts.out.done(made, f"draft {made['id']}\n  next: ccfg change show {made['id']}")


@app.command
def dismiss(advice: str, /, *, reason: str, opts: InWorkspace = IN_WORKSPACE) -> None:
    """Keep that it is not wanted; it is given again only if what it rests on changes.

    Args:
        advice: the id that `advice list` shows.
        reason: why; whoever looks later reads it.
    """
    made = opts.client().post(f"{_path(opts, advice)}/dismiss", {"reason": reason})
    opts.out.done(made, f"{made['id']} dismissed")


@app.command
def scan(*, wait: bool = False, opts: InWorkspace = IN_WORKSPACE) -> None:
    """Have a worker scan the workspace now.

    Args:
        wait: until it has.
    """
    client = opts.client()
    before = client.get(_path(opts), {"limit": 1})["scanned_at"]
    made = client.post(f"{_path(opts)}/scan")
    if wait:
        _wait(client, _path(opts), before)
    opts.out.done(made, "scanned" if wait else f"job {made['job']} scans\n  next: ccfg advice list")


def _wait(client: Client, path: str, before: str | None) -> None:
    """Return once a workspace was scanned after the scan `before`.

    Raises:
        CliError: that takes too long.
    """
    until = time.monotonic() + _PATIENCE
    while client.get(path, {"limit": 1})["scanned_at"] == before:
        if time.monotonic() > until:
            raise CliError("the scan has not ended: is a worker running, with AI_ENABLED=true?")
        time.sleep(_PACE)


def _path(opts: InWorkspace, advice: str | None = None) -> str:
    place = f"{opts.workspace_path()}/recommendations"
    return place if advice is None else f"{place}/{segment(advice)}"
