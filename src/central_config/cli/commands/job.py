# ruff: noqa: D417 - `opts` is described by its class
"""Background jobs, and what runs by itself."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from central_config.cli.client import segment
from central_config.cli.errors import OK
from central_config.cli.groups import group
from central_config.cli.jobs import Job, code, follow, path, teller, words
from central_config.cli.output import details, say, table
from central_config.cli.session import OPTIONS, Options
from central_config.cli.times import ago

if TYPE_CHECKING:
    from rich.table import Table

app = group("job", "Background jobs: list, watch, retry, cancel; what runs by itself.")

Status = Literal["queued", "running", "done", "failed", "cancelled"]
# How intervals are shown, largest unit first.
_UNITS = (("d", 86_400), ("h", 3600), ("min", 60))


@app.command(name="list")
def list_(
    *,
    status: Status | None = None,
    kind: str | None = None,
    limit: Annotated[int | None, Parameter(name=("--limit", "-n"))] = 50,
    opts: Options = OPTIONS,
) -> None:
    """List background jobs, newest first.

    Args:
        status: only these.
        kind: only this kind: `maintenance.daily`.
        limit: how many.
    """
    items = opts.client().items("/jobs", {"status": status, "kind": kind}, limit)
    columns = ["id", "kind", "status", "progress", "runs", "created", "ended", "error"]
    opts.out.show(items, lambda: table(columns, [_row(each) for each in items]))


def _row(job: Job) -> list[object]:
    share = None if job["progress"] is None else f"{job['progress']:.0%}"
    ended = None if job["finished_at"] is None else ago(job["finished_at"])
    when = ago(job["created_at"])
    return [
        *(job["id"], job["kind"], job["status"], share),
        *(job["attempts"], when, ended, job["error"]),
    ]


@app.command
def show(job: str, /, *, opts: Options = OPTIONS) -> None:
    """Show a background job, with what it returned or why it failed.

    Args:
        job: the job's id.
    """
    found = opts.client().get(path(job))
    opts.out.show(found, lambda: _details(found))


def _details(job: Job) -> "Table":
    share = None if job["progress"] is None else f"{job['progress']:.0%} {job['note']}".strip()
    return details(
        [
            *((name, job[name]) for name in ("id", "kind", "status")),
            ("progress", share),
            ("runs", job["attempts"]),
            ("arguments", msgspec.json.encode(job["arguments"]).decode()),
            *(
                (name, job[f"{name}_at"] and ago(job[f"{name}_at"]))
                for name in ("created", "started", "finished")
            ),
            ("error", job["error"]),
            ("result", job["result"] and msgspec.json.encode(job["result"]).decode()),
        ]
    )


@app.command
def watch(job: str, /, *, opts: Options = OPTIONS) -> int:
    """Follow a background job until it ends; ends with code 1 if the job fails.

    Args:
        job: the job's id.
    """
    return _watched(opts, job)


@app.command
def start(name: str, /, *, wait: bool = False, opts: Options = OPTIONS) -> int:
    """Start now what runs by itself; see `job schedules` for the names.

    While it waits or runs already, nothing is added, and that job is the answer.

    Args:
        name: the schedule's name: `audit.verify`.
        wait: follow the job until it ends.
    """
    made = opts.client().post(f"/schedules/{segment(name)}/start")
    return begun(opts, made, wait=wait)


def begun(opts: Options, made: Job, *, wait: bool) -> int:
    """Say which job was begun, or follow it to its end; return the exit code."""
    if wait:
        return _watched(opts, made["id"])
    opts.out.done(made, f"{made['id']}: {words(made)}\n  next: ccfg job watch {made['id']}")
    return OK


def _watched(opts: Options, job_id: str) -> int:
    ended = follow(opts.client(), job_id, teller(opts.out))
    if opts.out.human:
        if ended["result"] is not None:
            opts.out.show(ended["result"], lambda: _details(ended))
    else:
        opts.out.show(ended, lambda: "")
    return code(ended)


@app.command
def retry(job: str, /, *, opts: Options = OPTIONS) -> None:
    """Run a failed or cancelled job again.

    Args:
        job: the job's id.
    """
    _step(opts, job, "retry")


@app.command
def cancel(job: str, /, *, opts: Options = OPTIONS) -> None:
    """Cancel a job that has not begun.

    Args:
        job: the job's id.
    """
    _step(opts, job, "cancel")


def _step(opts: Options, job: str, step: str) -> None:
    found = opts.client().post(f"{path(job)}/{step}")
    opts.out.done(found, f"{found['id']}: {words(found)}")


@app.command
def schedules(
    *, enable: str | None = None, disable: str | None = None, opts: Options = OPTIONS
) -> None:
    """List what runs by itself, how often, and when next; or switch a part of it.

    Args:
        enable: have this schedule run again.
        disable: have this schedule not run by itself any more, until it is enabled.
    """
    client = opts.client()
    for name, wanted in ((disable, False), (enable, True)):
        if name is not None:
            client.request("PATCH", f"/schedules/{segment(name)}", body={"enabled": wanted})
            say(f"{name}: {'enabled' if wanted else 'disabled'}")
    items = client.items("/schedules")
    columns = ["name", "kind", "every", "enabled", "last", "next"]
    opts.out.show(items, lambda: table(columns, [_schedule(each) for each in items]))


def _schedule(item: dict[str, Any]) -> list[object]:
    enabled, last, due = item["enabled"], item["last_enqueued_at"], item["next_at"]
    then = "now" if due is None else due
    return [
        item["name"],
        item["kind"],
        _interval(item["every_seconds"]),
        "yes" if enabled else "NO",
        None if last is None else ago(last),
        then if enabled else "never",
    ]


def _interval(seconds: int) -> str:
    for unit, length in _UNITS:
        if seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
