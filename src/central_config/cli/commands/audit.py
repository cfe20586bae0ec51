# ruff: noqa: D417 - `opts` is described by its class
"""The audit log."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter

from central_config.cli import progress
from central_config.cli.errors import OK, REFUSED, CliError
from central_config.cli.groups import group
from central_config.cli.output import Output, details, say, table
from central_config.cli.session import IN_WORKSPACE, InWorkspace
from central_config.cli.times import ago, parse_when

if TYPE_CHECKING:
    from rich.table import Table

app = group("audit", "The audit log: list, export, verify.")


@app.command(name="list")
def list_(
    *,
    actor: str | None = None,
    action: str | None = None,
    since: str | None = None,
    until: str | None = None,
    limit: Annotated[int | None, Parameter(name=("--limit", "-n"))] = 50,
    opts: InWorkspace = IN_WORKSPACE,
) -> None:
    """List what happened, newest first; everything you may see, unless `--workspace` names one.

    Args:
        actor: only what this user or key did.
        action: only this action: `key.created`, or `key.` for all that begin so.
        since: from this time on: "2h ago", "yesterday 14:00", 2026-11-23T12:00:00Z.
        until: before this time.
        limit: how many.
    """
    params = {
        "workspace": opts.workspace,
        "actor": actor,
        "action": action,
        "since": None if since is None else parse_when(since),
        "until": None if until is None else parse_when(until),
    }
    items = opts.client().items("/audit", params, limit)
    opts.out.show(
        items,
        lambda: table(
            ["when", "who", "from", "action", "target", "details"],
            [
                [
                    ago(i["created_at"]),
                    i["actor_name"],
                    i["client_ip"],
                    i["action"],
                    i["target"],
                    msgspec.json.encode(i["details"]).decode() if i["details"] else None,
                ]
                for i in items
            ],
        ),
    )


@app.command
def export(file: Path, /, *, opts: InWorkspace = IN_WORKSPACE) -> None:
    """Write the log to a file that proves itself; check it with `audit verify FILE`.

    Args:
        file: where to; it must not exist yet.
    """
    params = {"workspace": opts.workspace}
    partial = file.with_name(f".{file.name}.partial")
    if file.exists():
        raise CliError(f"{file} exists; an old export is not overwritten")
    try:
        size = _download(opts, params, partial)
        partial.rename(file)
    except OSError as error:
        raise CliError(f"cannot write {file}: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)
    opts.out.done({"file": str(file), "bytes": size}, f"{file}: {size} bytes")


def _download(opts: InWorkspace, params: dict[str, Any], file: Path) -> int:
    size = 0
    with (
        progress.Bar("Exporting") as bar,
        opts.client().stream("GET", "/audit/export", params=params) as response,
        file.open("xb") as target,
    ):
        file.chmod(0o600)
        for block in response.iter_bytes():
            target.write(block)
            size += len(block)
            bar.show(f"Exporting, {size // 1024} KiB")
    return size


@app.command
def verify(file: Path | None = None, /, *, opts: InWorkspace = IN_WORKSPACE) -> int:
    """Check that nothing in the log was changed; ends with code 1 if something was.

    With a file no server is needed: an export holds everything its proof takes. What an export
    cannot show is whether events were added or cut off later than it was made; compare its ends
    with an older export or the server's.

    Args:
        file: an export to check; otherwise the server checks its log.
    """
    if file is not None:
        return _told(opts.out, _offline(file))
    return _told(opts.out, opts.client().get("/audit/verify", {"workspace": opts.workspace}))


def _offline(file: Path) -> dict[str, Any]:
    from central_config.audit.model import verify_export  # noqa: PLC0415 - only this command

    try:
        with file.open("rb") as lines, progress.spinner(f"Checking {file}"):
            report = verify_export(lines)
    except OSError as error:
        raise CliError(f"cannot read {file}: {error.strerror}") from None
    return {
        "intact": report.broken is None,
        "events": report.events,
        "heads": {
            str(chain): {"sequence": head.sequence, "hash": head.hash.hex()}
            for chain, head in report.heads.items()
        },
        "broken": None
        if report.broken is None
        else {**report.broken._asdict(), "chain": str(report.broken.chain)},
    }


def _told(out: Output, report: dict[str, Any]) -> int:
    out.show(report, lambda: _report(report))
    if not report["intact"]:
        say("error: the log is not what it was")
    return OK if report["intact"] else REFUSED


def _report(report: dict[str, Any]) -> "Table":
    broken = report["broken"]
    pairs: list[tuple[str, object]] = [
        ("intact", "yes" if report["intact"] else "NO"),
        ("events checked", report["events"]),
    ]
    if broken is not None:
        place = f"chain {broken['chain']}, event {broken['sequence']}"
        pairs.append(("first wrong", f"{place}: {broken['reason']}"))
    pairs += [
        (f"end of {chain}", f"{head['sequence']} {head['hash']}")
        for chain, head in report["heads"].items()
    ]
    return details(pairs)
