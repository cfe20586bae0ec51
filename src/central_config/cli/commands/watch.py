# ruff: noqa: D417 - `opts` is described by its class
"""Watching an environment."""

from typing import Any

from central_config.cli.output import Output, say, value_text
from central_config.cli.session import IN_ENVIRONMENT, InEnvironment
from central_config.cli.watching import Event, follow


def watch(
    prefix: str = "",
    /,
    *,
    since: int | None = None,
    opts: InEnvironment = IN_ENVIRONMENT,
) -> None:
    """Print changes as they are published, until Ctrl-C.

    A lost connection is taken up again where it ended: nothing is missed. With `-o json` every
    event is one line of JSON, `{event, revision, ...}`; a `snapshot` replaces all that was known.

    Args:
        prefix: only keys that begin so.
        since: begin after this revision; by default with what happens from now on.
    """
    client = opts.client()
    path = opts.config_path().replace("/config/", "/watch/", 1)
    seen: dict[str, Any] | None = None
    for event in follow(client, path, prefix, since):
        if event.kind == "snapshot":
            _snapshot(opts.out, event, seen)
            seen = dict(event.data["values"])
            continue
        seen = {} if seen is None else seen
        for change in event.data["changes"]:
            _remember(seen, change)
        opts.out.line({"event": "change", **event.data}, lambda event=event: _lines(event))


def _remember(seen: dict[str, Any], change: dict[str, Any]) -> None:
    if change.get("removed"):
        seen.pop(change["key"], None)
    else:
        seen[change["key"]] = change["value"]


def _lines(event: Event) -> str:
    return "\n".join(_line(event.revision, change) for change in event.data["changes"])


def _line(revision: int, change: dict[str, Any]) -> str:
    key = change["key"]
    if change.get("removed"):
        return f"{revision}  {key} removed"
    if change.get("masked"):
        return f"{revision}  {key} = (secret)"
    status = "" if change["status"] == "active" else f" ({change['status']})"
    return f"{revision}  {key} = {value_text(change['value'])}{status}"


def _snapshot(out: Output, event: Event, seen: dict[str, Any] | None) -> None:
    """Tell people only what a snapshot changes; programs get all of it."""
    if not out.human:
        out.line({"event": "snapshot", **event.data}, lambda: "")
    elif seen is None:
        say(f"watching {event.data['environment']} from revision {event.revision}")
    else:
        values, masked = event.data["values"], event.data["masked"]
        for key in sorted(set(seen) | set(values)):
            if key not in values:
                change = {"key": key, "removed": True}
            elif key in seen and seen[key] == values[key]:
                continue
            else:
                change = {"key": key, "value": values[key], "status": "active"}
                change["masked"] = key in masked
            out.line(change, lambda change=change: _line(event.revision, change))
