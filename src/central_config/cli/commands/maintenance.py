# ruff: noqa: D417 - `opts` is described by its class
"""Maintenance: begin it, and read what it found."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from central_config.cli import completers
from central_config.cli.client import Client, segment
from central_config.cli.commands.job import begun
from central_config.cli.errors import OK, REFUSED, CliError, UsageError
from central_config.cli.groups import group
from central_config.cli.jobs import code, follow, teller
from central_config.cli.output import Form, Output, details, table, write
from central_config.cli.session import OPTIONS, SHARED, Options
from central_config.cli.text import safe_line
from central_config.cli.times import ago

if TYPE_CHECKING:
    from rich.console import Group

app = group("maintenance", "Maintenance: run it, and read its reports.")

Which = Literal["hourly", "daily", "weekly", "monthly"]
_COLOURS = {"ok": "green", "warning": "yellow", "bad": "red"}
# Short names of the kinds of reports.
_KINDS = {
    "latest": None,
    **{name: f"maintenance.{name}" for name in ("daily", "weekly", "monthly")},
}

Report = dict[str, Any]


@Parameter(name="*", group=SHARED)
@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """What commands take that show a report."""

    context: Annotated[str | None, Parameter(completer=completers.contexts)] = None
    """Saved context to use."""
    output: Annotated[
        Literal["table", "json", "yaml", "markdown"], Parameter(name=("--output", "-o"))
    ] = "table"
    """Form of the result; markdown is for tickets and wikis."""

    def client(self) -> Client:
        """Return a client of the server in use."""
        return Options(context=self.context).client()


_REPORT_OPTIONS = ReportOptions()


@app.command
def run(
    name: Which,
    /,
    *,
    wait: bool = False,
    apply: bool = False,
    opts: Options = OPTIONS,
) -> int:
    """Run maintenance now, beside the service, which goes on.

    With `--wait` the report is shown; the command ends with code 1 unless the report is ok.

    Args:
        name: which.
        wait: follow it to its end.
        apply: monthly: rebuild the indexes that need it, rather than say how.
    """
    if apply and name != "monthly":
        raise UsageError("only monthly maintenance has something to apply")
    client = opts.client()
    made = client.post(f"/maintenance/{name}", {"apply": apply})
    if not wait:
        return begun(opts, made, wait=False)
    ended = follow(client, made["id"], teller(opts.out))
    if ended["status"] != "done" or name == "hourly":
        opts.out.show(ended, lambda: "")
        return code(ended)
    return _shown(client.get(f"/reports/{segment(ended['result']['report'])}"), opts.output)


@app.command
def report(which: str = "latest", /, *, opts: ReportOptions = _REPORT_OPTIONS) -> int:
    """Show a report; ends with code 1 unless it is ok.

    Args:
        which: a report's id; a kind (`daily`, `audit.verify`) for the last one of it; `latest`
            for the last one of all.
    """
    client = opts.client()
    if which in _KINDS or "." in which:
        items = client.items("/reports", {"kind": _KINDS.get(which, which)}, 1)
        if not items:
            raise CliError("there is no such report yet", hint="ccfg maintenance run daily --wait")
        found = items[0]
    else:
        found = client.get(f"/reports/{segment(which)}")
    return _shown(found, opts.output)


@app.command
def reports(
    *,
    kind: str | None = None,
    status: Literal["ok", "warning", "bad"] | None = None,
    limit: Annotated[int | None, Parameter(name=("--limit", "-n"))] = 50,
    opts: Options = OPTIONS,
) -> None:
    """List reports, newest first.

    Args:
        kind: only this kind: `maintenance.daily`, `audit.verify`.
        status: only these.
        limit: how many.
    """
    items = opts.client().items("/reports", {"kind": kind, "status": status}, limit)
    columns = ["id", "kind", "when", "status", "parts"]
    rows = [
        [each["id"], each["kind"], ago(each["finished_at"]), each["status"], _parts(each)]
        for each in items
    ]
    opts.out.show(items, lambda: table(columns, rows))


def _shown(found: Report, form: Form | Literal["markdown"]) -> int:
    if form == "markdown":
        write(markdown(found))
    else:
        Output(form).show(found, lambda: _picture(found))
    return OK if found["status"] == "ok" else REFUSED


def _parts(found: Report) -> str:
    """Return how many parts stand how: `9 ok, 2 skipped` is not `11 ok`."""
    return ", ".join(f"{count} {status}" for status, count in found["counts"].items())


def _picture(found: Report) -> "Group":
    from rich.console import Group  # noqa: PLC0415 - see `output`
    from rich.text import Text  # noqa: PLC0415

    rows = [
        [
            each["name"],
            Text(each["status"], style=_COLOURS.get(each["status"], "")),
            each["summary"],
        ]
        for each in found["sections"]
    ]
    head = details(
        [
            ("report", found["id"]),
            ("kind", found["kind"]),
            ("finished", ago(found["finished_at"])),
            ("status", f"{found['status']} ({_parts(found)})"),
        ]
    )
    todo = [f"  {each['name']}: {line}" for each in found["sections"] for line in each["advice"]]
    tail = ["", "to do:", *(safe_line(line) for line in todo)] if todo else []
    return Group(head, "", table(["part", "status", "finding"], rows), *tail)


def markdown(found: Report) -> str:
    """Return a report as Markdown."""
    lines = [
        f"# {found['kind']}: {found['status']}",
        "",
        f"{found['finished_at']}, report `{found['id']}`: {_parts(found)}.",
        "",
        "| Part | Status | Finding |",
        "|---|---|---|",
        *(
            f"| {each['name']} | {each['status']} | {_cell(each['summary'])} |"
            for each in found["sections"]
        ),
    ]
    todo = [(each["name"], line) for each in found["sections"] for line in each["advice"]]
    if todo:
        lines += ["", "## To do", ""]
        lines += [f"- {name}: `{safe_line(line)}`" for name, line in todo]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return safe_line(text).replace("|", "\\|")
