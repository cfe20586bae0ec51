# ruff: noqa: D417 - `opts` is described by its class
"""The audit log."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter

from central_config.cli import progress
from central_config.cli.client import Client
from central_config.cli.errors import OK, REFUSED, CliError
from central_config.cli.groups import group
from central_config.cli.output import Output, details, say, table
from central_config.cli.session import IN_WORKSPACE, OPTIONS, InWorkspace, Options
from central_config.cli.times import ago, parse_when

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from rich.table import Table

    from central_config.audit.model import Head

app = group("audit", "The audit log: list, export, verify, seal old months.")


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
def verify(
    file: Annotated[list[Path] | None, Parameter(name="--file", negative=())] = None,
    *,
    opts: InWorkspace = IN_WORKSPACE,
) -> int:
    """Check that nothing in the log was changed; ends with code 1 if something was.

    With files no server is needed: an export holds everything its proof takes. Several files are
    one log in the order given: the sealed months, then an export of what the server still has. What
    an export cannot show is whether events were added or cut off later than it was made; compare
    its ends with an older export or the server's.

    Args:
        file: exports to check (also without `--file`); otherwise the server checks its log.
    """
    if file:
        return _told(opts.out, _offline(file))
    return _told(opts.out, opts.client().get("/audit/verify", {"workspace": opts.workspace}))


def _offline(files: list[Path]) -> dict[str, Any]:
    from central_config.audit.service.archive import verify_files  # noqa: PLC0415 - only here

    try:
        with progress.spinner(f"Checking {', '.join(map(str, files))}"):
            report = verify_files(files)
    except OSError as error:
        raise CliError(f"cannot read {error.filename or files[0]}: {error.strerror}") from None
    return {
        "intact": report.broken is None,
        "events": report.events,
        "starts": _ends(report.starts),
        "heads": _ends(report.heads),
        "sealed": [],
        "broken": None
        if report.broken is None
        else {**report.broken._asdict(), "chain": str(report.broken.chain)},
    }


def _ends(heads: "Mapping[UUID, Head]") -> dict[str, Any]:
    return {
        str(chain): {"sequence": head.sequence, "hash": head.hash.hex()}
        for chain, head in heads.items()
        if head.sequence
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
    if report["sealed"]:
        files = report["sealed"]
        pairs.append(("not read", f"{_months(len(files))} in files {', '.join(files)}"))
    for chain, head in report["heads"].items():
        start = report["starts"].get(chain)
        since = "" if start is None else f", verified from sequence {start['sequence'] + 1}"
        pairs.append((f"end of {chain}", f"{head['sequence']} {head['hash']}{since}"))
    return details(pairs)


def _months(number: int) -> str:
    return "1 sealed month" if number == 1 else f"{number} sealed months"


@app.command
def seal(
    *,
    dry_run: bool = False,
    timeout: int = 600,
    opts: Options = OPTIONS,
) -> int:
    """Export months past retention to the archive, verify the files, and drop the months.

    Which months those are is the server's matter: AUDIT_RETENTION_MONTHS, AUDIT_ARCHIVE_DIR. The
    weekly maintenance does it by itself.

    Args:
        dry_run: only show which months would go.
        timeout: how long to wait for the end (seconds); the job goes on without us.
    """
    client = opts.client()
    plan = client.get("/audit/retention")
    if dry_run or plan["note"] or not plan["due"]:
        opts.out.show(plan, lambda: _plan(plan))
        return OK
    job = client.post("/audit/seals")["job"]
    found = follow(client, job, timeout)
    if found["status"] != "done":
        state = found["error"] or f"the job is {found['status']}"
        raise CliError(f"not all months were sealed: {state}", hint=f"It is job {job}.")
    result = found["result"]
    opts.out.show(
        result,
        lambda: table(
            ["month", "events", "file"],
            [[each["month"], each["events"], each["file"]] for each in result["sealed"]],
        ),
    )
    if result["held"] is not None:
        say(f"{result['held']['partition']} stays for now: {result['held']['reason']}")
    return OK


def _plan(plan: dict[str, Any]) -> "Table":
    return details(
        [
            ("would be sealed", ", ".join(plan["due"]) or "none"),
            ("ending by", plan["cutoff"]),
            ("but", plan["note"] or None),
        ]
    )


@app.command
def seals(*, opts: InWorkspace = IN_WORKSPACE) -> None:
    """List the months that stand in files and no longer in the database."""
    items = opts.client().items("/audit/seals", {"workspace": opts.workspace})
    opts.out.show(
        items,
        lambda: table(
            ["month", "events", "chains", "file", "sha-256", "sealed"],
            [
                [
                    i["month"],
                    i["events"],
                    len(i["chains"]),
                    i["file"],
                    i["sha256"],
                    ago(i["sealed_at"]),
                ]
                for i in items
            ],
        ),
    )


def follow(client: Client, job: str, timeout: int) -> dict[str, Any]:
    """Return a background job once it has ended, or as it is after the seconds given."""
    until = time.monotonic() + timeout
    with progress.spinner("Waiting for the job"):
        while True:
            found: dict[str, Any] = client.get(f"/jobs/{job}")
            if found["status"] not in ("queued", "running") or time.monotonic() > until:
                return found
            time.sleep(0.5)
