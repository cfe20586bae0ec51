# ruff: noqa: D417 - `opts` is described by its class
"""The past: diff, history, log, explain, rollback, compact."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from central_config.cli import ask
from central_config.cli.client import key_path
from central_config.cli.commands.shared import (
    differences_table,
    shown_value,
    write_result,
)
from central_config.cli.errors import DIFFERENT, OK
from central_config.cli.output import details, say, stderr, table, value_text
from central_config.cli.session import IN_ENVIRONMENT, IN_WORKSPACE, InEnvironment, InWorkspace, Key
from central_config.cli.text import safe_line
from central_config.cli.times import ago, parse_moment, parse_revision_or_time, parse_when

if TYPE_CHECKING:
    from rich.console import Group

Limit = Annotated[int | None, Parameter(name=("--limit", "-n"))]


def diff(
    start: str,
    end: str = "now",
    /,
    *,
    prefix: str = "",
    exit_code: bool = False,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> int:
    """Show what changed in an environment between two moments.

    Args:
        start: a revision or a time: 42, "10m ago", "yesterday 14:00".
        end: the same; by default now.
        prefix: only keys that begin so.
        exit_code: end with code 7 if there are differences.
    """
    params = {"from": parse_when(start), "to": parse_when(end), "prefix": prefix}
    found = opts.client().get(f"{opts.environment_path()}/diff", params)
    left, right = found["left"], found["right"]
    say(f"{left['environment']}: revision {left['revision']} -> {right['revision']}")
    opts.out.show(found, lambda: differences_table(found["items"]))
    return DIFFERENT if exit_code and found["items"] else OK


def history(
    key: Key,
    /,
    *,
    inherited: bool = False,
    limit: Limit = 50,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> None:
    """List the versions of a key, newest first.

    Args:
        key: the key.
        inherited: also the versions of the environment's parents.
        limit: how many.
    """
    path = f"{opts.environment_path()}/history/{key_path(key)}"
    items = opts.client().items(path, {"inherited": inherited}, limit)
    opts.out.show(items, lambda: _versions(items))


def _versions(items: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - something rich prints
    return table(
        [
            "revision",
            "version",
            "environment",
            "action",
            "value",
            "status",
            "when",
            "by",
            "message",
        ],
        [
            [
                item["revision"],
                item["version"],
                item["environment"],
                item["action"],
                shown_value(item) if item["action"] != "remove" else None,
                item["status"],
                ago(item["published_at"]),
                item["author"],
                item["message"],
            ]
            for item in items
        ],
    )


def log(
    revision: int | None = None,
    /,
    *,
    limit: Limit = 50,
    opts: InWorkspace = IN_WORKSPACE,
) -> None:
    """Show the timeline of the workspace, newest first, or what one revision did.

    Args:
        revision: show this one with everything it set.
        limit: how many revisions to list.
    """
    path = f"{opts.workspace_path()}/revisions"
    if revision is not None:
        found = opts.client().get(f"{path}/{revision}")
        opts.out.show(found, lambda: _revision(found))
        return
    items = opts.client().items(path, None, limit)
    opts.out.show(
        items,
        lambda: table(
            ["revision", "kind", "when", "by", "message"],
            [
                [i["revision"], i["kind"], ago(i["published_at"]), i["author"], i["message"]]
                for i in items
            ],
        ),
    )


def _revision(found: dict[str, Any]) -> "Group":
    from rich.console import Group  # noqa: PLC0415 - see `output`

    head = details(
        [
            ("revision", found["revision"]),
            ("kind", found["kind"]),
            ("published", f"by {found['author']}, {ago(found['published_at'])}"),
            ("message", found["message"] or None),
            ("change", found["change_id"]),
        ]
    )
    rows = [
        [each["environment"], each["key"], each["action"], shown_value(each), each["status"]]
        for each in found["versions"]
    ]
    columns = ["environment", "key", "action", "value", "status"]
    return Group(head, "", table(columns, rows))


def activity(  # noqa: PLR0913 - the conditions of one question
    prefix: Key = "",
    /,
    *,
    word: list[str] | None = None,
    by: str | None = None,
    action: Literal["set", "remove", "status"] | None = None,
    since: str | None = None,
    until: str | None = None,
    oldest_first: bool = False,
    limit: Limit = 50,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> None:
    """List who changed which value when, in all environments or, with `--env`, in one.

    Args:
        prefix: only keys that begin so.
        word: only keys that hold this; may be repeated.
        by: only what this user or API key published.
        action: only this.
        since: from this time on: "3d ago", "yesterday 14:00", 2026-11-23T12:00:00Z.
        until: before this time.
        oldest_first: in the order it happened.
        limit: how many.
    """
    params = {
        "environment": opts.environment,
        "prefix": prefix,
        "word": word or [],
        "author": by,
        "action": action,
        "since": None if since is None else parse_moment(since),
        "until": None if until is None else parse_moment(until),
        "oldest_first": oldest_first,
    }
    items = opts.client().items(f"{opts.workspace_path()}/history", params, limit)
    opts.out.show(items, lambda: _activity(items))


def _activity(items: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - something rich prints
    return table(
        ["when", "by", "environment", "key", "action", "value", "revision", "message"],
        [
            [
                ago(item["published_at"]),
                item["author"],
                item["environment"],
                item["key"],
                item["action"],
                shown_value(item) if item["action"] != "remove" else None,
                item["revision"],
                item["message"],
            ]
            for item in items
        ],
    )


def explain(key: Key, /, *, opts: InEnvironment = IN_ENVIRONMENT) -> None:
    """Say why an environment serves what it serves for a key.

    Which environment supplied the value, what it overrode, where its references led, at which
    revision, by whom, with which message.

    Args:
        key: the key.
    """
    path = f"{opts.environment_path()}/explain/{key_path(key)}"
    found = opts.client().get(path)
    opts.out.show(found, lambda: _picture(found))


def _picture(found: dict[str, Any]) -> "Group":
    from rich.console import Group  # noqa: PLC0415 - see `output`
    from rich.text import Text  # noqa: PLC0415

    value = shown_value(found) if found["served"] else "(not served)"
    title = Text(safe_line(f"{found['environment']}:{found['key']} = {value}"), style="bold")
    parts: list[Any] = [title]
    if found["description"]:
        parts.append(Text(f"  {safe_line(found['description'])}", style="italic"))
    above = False
    for layer in found["layers"]:
        parts.append(Text(f"  {_layer(layer, overridden=above)}"))
        above = above or layer["supplies"]
    if found["references"]:
        parts.append(Text("  references"))
    for each in found["references"]:
        led = f"{each['environment']}:{each['key']} = {shown_value(each)} (from {each['origin']})"
        parts.append(Text(safe_line(f"    {each['reference']} -> {led}")))
    return Group(*parts)


def _layer(layer: dict[str, Any], *, overridden: bool) -> str:
    if layer["status"] == "removed":
        said = f"{layer['environment']} holds nothing (removed)"
    else:
        verb = "supplied by" if layer["supplies"] else "overrides" if overridden else "holds"
        shown = value_text(layer["value"])
        said = f"{verb} {layer['environment']}: {shown} ({layer['status']})"
    who = f"revision {layer['revision']}, version {layer['version']}"
    if layer["author"]:
        who += f", by {layer['author']} {ago(layer['published_at'])}"
    if layer["message"]:
        who += f": {layer['message']}"
    return safe_line(f"{said} - {who}")


def rollback(
    to: str,
    /,
    *,
    key: list[str] | None = None,
    prefix: str = "",
    message: Annotated[str, Parameter(name=("--message", "-m"))] = "",
    yes: Annotated[bool, Parameter(name=("--yes", "-y"))] = False,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> None:
    """Make an environment's own values what they were; shows the differences first.

    A rollback is a new change: nothing is forgotten, and it can be rolled back too. What the
    environment inherits is not touched.

    Args:
        to: a revision or a time: 42, "10m ago", "yesterday 14:00".
        key: only this key; may be repeated.
        prefix: only keys that begin so.
        message: why.
        yes: do not ask.
    """
    client, path = opts.client(), f"{opts.environment_path()}/rollback"
    body = {"to": parse_when(to), "keys": key or [], "prefix": prefix, "message": message}
    found = client.request("POST", f"{path}/preview", body=body).body
    then, items = found["to"], found["items"]
    say(f"{opts.environment_slug()}: back from revision {found['revision']} to {then}")
    differences = [
        {
            "key": each["key"],
            "kind": "removed" if each["action"] == "remove" else "changed",
            "before": each["before"],
            "after": each["value"] if each["action"] == "set" else each["status"],
        }
        for each in items
    ]
    stderr().print(differences_table(differences))
    ask.agree(f"Publish these {len(items)} edits?", yes=yes)
    # The revision that was shown, not the time again: it means the same for both requests.
    answer = client.request("POST", path, body={**body, "to": then})
    write_result(opts.out, answer.status, answer.body, f"rollback to revision {then}")


def compact(
    *,
    before: str,
    yes: Annotated[bool, Parameter(name=("--yes", "-y"))] = False,
    opts: InWorkspace = IN_WORKSPACE,
) -> None:
    """Forget history before a revision or time. It cannot be taken back.

    What is in force stays. Reading the forgotten past then answers "revision compacted".

    Args:
        before: the oldest revision, or the time of it, that stays readable.
        yes: do not ask for the workspace's name.
    """
    moment = parse_revision_or_time(before)
    slug = opts.workspace_slug()
    ask.type_name(f"The history of {slug} before {moment} will be gone for ever.", slug, yes=yes)
    found = opts.client().post(f"{opts.workspace_path()}/compact", {"before": moment})
    opts.out.done(
        found,
        f"{slug}: revision {found['oldest_revision']} is the oldest now; "
        f"{found['versions_deleted']} versions deleted",
    )
