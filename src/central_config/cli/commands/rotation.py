# ruff: noqa: D417 - `opts` is described by its class
"""Replacing API keys while both the old and the new one are good."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from central_config.cli import ask
from central_config.cli.client import Client, segment
from central_config.cli.errors import OK, REFUSED, CliError, UsageError
from central_config.cli.groups import group
from central_config.cli.output import Output, say, table, write
from central_config.cli.session import IN_WORKSPACE, InWorkspace
from central_config.cli.times import ago, parse_span
from central_config.core.clock import SystemClock, parse_rfc3339

app = group("rotation", "Keys that are being replaced: which old ones are still used.")

_PRIVATE = 0o600


def rotate(
    key: str | None = None,
    /,
    *,
    older_than: str | None = None,
    overlap: str = "7d",
    tokens: Path | None = None,
    yes: Annotated[bool, Parameter(name=("--yes", "-y"))] = False,
    opts: InWorkspace = IN_WORKSPACE,
) -> int:
    """Create the successor of a key, with the same scope; both are good for a while.

    The new token is given this once: alone on stdout, or with `--tokens` in a file that only you
    can read. Many keys need the file, or `-o json`: a line for each key.

    Args:
        key: its id, from `key list`.
        older_than: instead: all keys created so long ago (180d) that have no successor yet.
        overlap: how long the old key stays good.
        tokens: write the new tokens to this new file, a JSON object a line.
        yes: do not ask.
    """
    seconds = int(parse_span(overlap).total_seconds())
    if (key is None) == (older_than is None):
        raise UsageError("name one key, or give --older-than")
    client = opts.client()
    if key is not None:
        old = client.get(f"/keys/{segment(key)}")
        ask.agree(f"Replace {old['name']}? It ends in {overlap}.", yes=yes)
        olds = [old]
    else:
        if tokens is None and opts.out.human:
            raise UsageError("many tokens need a place: --tokens FILE, or -o json")
        olds = _old_ones(client, opts, parse_span(older_than or ""))
        if not olds:
            say("no key is that old and without a successor")
            return OK
        names = ", ".join(each["name"] for each in olds)
        ask.agree(f"Replace {len(olds)} keys ({names})? They end in {overlap}.", yes=yes)
    if tokens is None:
        return _each(client, olds, seconds, _shown(opts.out, alone=key is not None))
    with _private(tokens) as hand_over:
        return _each(client, olds, seconds, hand_over)


def _old_ones(client: Client, opts: InWorkspace, age: timedelta) -> list[dict[str, Any]]:
    asked = {"workspace": opts.workspace, "older_than": int(age.total_seconds())}
    now = SystemClock().now()
    return [
        each
        for each in client.items("/keys", asked)
        if each["revoked_at"] is None
        and each["successor"] is None
        and (each["expires_at"] is None or _time(each["expires_at"]) > now)
    ]


def _each(
    client: Client,
    olds: list[dict[str, Any]],
    overlap: int,
    hand_over: Callable[[dict[str, Any]], None],
) -> int:
    """Replace one key after the other; each token is handed over before the next key's turn."""
    failed = 0
    for old in olds:
        try:
            made = client.post(f"/keys/{segment(old['id'])}/rotate", {"overlap_seconds": overlap})
        except CliError as error:
            if len(olds) == 1:
                raise
            failed += 1
            say(f"error: {old['name']} ({old['id']}) was not replaced: {error.message}")
            continue
        hand_over(made)
        say(
            f"{old['name']} -> {made['name']} (id {made['id']}); "
            f"the old key ends {ago(made['overlap_ends_at'])}"
        )
    return REFUSED if failed else OK


def _shown(out: Output, *, alone: bool) -> Callable[[dict[str, Any]], None]:
    def hand_over(made: dict[str, Any]) -> None:
        if out.human:
            write(made["token"] + "\n")
        elif alone:
            out.show(made, lambda: "")
        else:
            out.line(made, lambda: "")

    return hand_over


class _private:  # noqa: N801 - a context manager
    """A new file that only we can read; every line is on the disk before the next key's turn."""

    def __init__(self, path: Path) -> None:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        except OSError as error:
            raise CliError(f"cannot write {path}: {error.strerror}") from None
        self._file = os.fdopen(handle, "wb")

    def __enter__(self) -> Callable[[dict[str, Any]], None]:
        return self._write

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _write(self, made: dict[str, Any]) -> None:
        kept = ("id", "name", "workspace", "successor_of", "overlap_ends_at", "token")
        self._file.write(msgspec.json.encode({name: made[name] for name in kept}) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


@app.command
def status(*, opts: InWorkspace = IN_WORKSPACE) -> None:
    """List keys that have a successor and are not revoked, with whether they are still used."""
    items = opts.client().items("/keys/rotations", {"workspace": opts.workspace})
    opts.out.show(
        items,
        lambda: table(
            ["old key", "id", "last used", "still used", "ends", "successor", "used"],
            [
                [
                    i["old"]["name"],
                    i["old"]["id"],
                    ago(i["old"]["last_used"]) or "never",
                    "yes" if i["still_used"] else "no",
                    ago(i["old"]["expires_at"]),
                    i["new"]["name"],
                    ago(i["new"]["last_used"]) or "never",
                ]
                for i in items
            ],
        ),
    )


def retire(
    *,
    unused: str = "7d",
    dry_run: bool = False,
    yes: Annotated[bool, Parameter(name=("--yes", "-y"))] = False,
    opts: InWorkspace = IN_WORKSPACE,
) -> None:
    """Revoke old keys that have a successor and that nobody has used for a while.

    Args:
        unused: for how long.
        dry_run: only show which.
        yes: do not ask.
    """
    client = opts.client()
    since = SystemClock().now() - parse_span(unused)
    found = client.items("/keys/rotations", {"workspace": opts.workspace})
    idle = [each["old"] for each in found if _last_sign(each["old"]) < since]
    if idle and not dry_run:
        names = ", ".join(each["name"] for each in idle)
        ask.agree(f"Revoke {len(idle)} keys for ever ({names})?", yes=yes)
        for each in idle:
            client.request("DELETE", f"/keys/{segment(each['id'])}")
    done = "would be revoked" if dry_run else "revoked"
    opts.out.show(
        {"revoked": [] if dry_run else idle, "idle": idle},
        lambda: table(
            [done, "id", "last used"],
            [[i["name"], i["id"], ago(i["last_used"]) or "never"] for i in idle],
        ),
    )


def _last_sign(key: dict[str, Any]) -> datetime:
    return _time(key["last_used"] or key["created_at"])


def _time(text: str) -> datetime:
    moment = parse_rfc3339(text)
    if moment is None:
        raise CliError(f"the server sent {text!r} where a time belongs")
    return moment
